//! `--mask`: hashes in place of names.

use super::input;
use crate::error::UserError;
use crate::report::Mask;
use crate::session::Session;
use clap::Args;

/// The sizes of a key, in bytes.
const KEY: std::ops::RangeInclusive<usize> = 16..=4096;

/// Whether to hide names, and the key.
#[derive(Debug, Clone, Args)]
pub struct MaskArgs {
    /// Replace names and ids by hashes
    #[arg(long, hide_short_help = true)]
    mask: bool,

    /// Key for --mask, so that hashes are the same in every run
    #[arg(long, value_name = "FILE", requires = "mask", hide_short_help = true)]
    mask_key: Option<String>,
}

impl MaskArgs {
    /// The mask, if the user wants one.
    ///
    /// # Errors
    /// The key cannot be read or is too short, or the system has no random numbers.
    pub fn read(&self, session: &Session) -> Result<Option<Mask>, UserError> {
        let Some(file) = &self.mask_key else {
            let random =
                || Mask::random().map_err(|_| UserError::new("the system has no random numbers"));
            return self.mask.then(random).transpose();
        };
        let key = input::read(file, *KEY.end(), "a key", session)?;
        if !KEY.contains(&key.len()) {
            let message = format!("{} is shorter than {} bytes.", input::shown(file), KEY.start());
            return Err(UserError::new(message).hint("To create a key: openssl rand 32 > mask.key"));
        }
        Ok(Some(Mask::with_key(&key)))
    }
}
