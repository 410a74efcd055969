//! `az`'s settings: the file `config`, and variables `AZURE_<SECTION>_<OPTION>`, which take precedence.

use super::ini::{self, Sections};
use super::{AzureError, read_text};
use crate::env::Env;
use std::path::{Path, PathBuf};

/// `az`'s settings.
#[derive(Debug, Clone)]
pub struct Config {
    env: Env,
    directory: PathBuf,
    sections: Sections,
}

impl Config {
    /// Reads the settings from the directory that `AZURE_CONFIG_DIR` names, `~/.azure` by default.
    ///
    /// # Errors
    /// [`AzureError`] if the file exists but is unreadable or damaged.
    pub fn load(env: &Env) -> Result<Self, AzureError> {
        let directory = env
            .path("AZURE_CONFIG_DIR")
            .or_else(|| env.home().map(|home| home.join(".azure")))
            .unwrap_or_else(|| PathBuf::from(".azure"));
        let sections = read_ini(&directory.join("config"))?;
        Ok(Self { env: env.clone(), directory, sections })
    }

    /// The directory with `az`'s files.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The value of an option: from the variable, otherwise from the file.
    pub fn get(&self, section: &str, option: &str) -> Option<String> {
        self.variable(section, option).or_else(|| value(&self.sections, section, option))
    }

    /// The default for an argument: from the variable, otherwise from `.azure/config` in this directory or one above it
    /// (`az configure --scope local`), otherwise from the file.
    ///
    /// # Errors
    /// [`AzureError`] if a local file exists but is unreadable or damaged.
    pub fn default_for(&self, option: &str) -> Result<Option<String>, AzureError> {
        if let Some(value) = self.variable("defaults", option) {
            return Ok(Some(value));
        }
        let name = self.directory.file_name().unwrap_or_default();
        let here = self.env.current_directory();
        for directory in here.iter().flat_map(|here| here.ancestors()) {
            let local = directory.join(name);
            if local == self.directory {
                break;
            }
            if let Some(value) = value(&read_ini(&local.join("config"))?, "defaults", option) {
                return Ok(Some(value));
            }
        }
        Ok(value(&self.sections, "defaults", option))
    }

    /// A yes-or-no option.
    ///
    /// # Errors
    /// [`AzureError::Setting`] if it is neither.
    pub fn flag(&self, section: &str, option: &str) -> Result<bool, AzureError> {
        let Some(text) = self.get(section, option) else { return Ok(false) };
        match text.to_lowercase().as_str() {
            "1" | "yes" | "true" | "on" => Ok(true),
            "0" | "no" | "false" | "off" => Ok(false),
            _ => Err(AzureError::Setting {
                name: variable_name(section, option),
                value: text,
                expected: "one of 1, yes, true, on, 0, no, false, off".to_owned(),
            }),
        }
    }

    fn variable(&self, section: &str, option: &str) -> Option<String> {
        self.env.var(&variable_name(section, option))
    }
}

fn variable_name(section: &str, option: &str) -> String {
    format!("AZURE_{}_{}", section.to_uppercase(), option.to_uppercase())
}

fn value(sections: &Sections, section: &str, option: &str) -> Option<String> {
    sections.get(section)?.get(option).filter(|value| !value.is_empty()).cloned()
}

/// Reads an INI file. A file that does not exist has no sections.
///
/// # Errors
/// [`AzureError`] if the file exists but is unreadable or damaged.
pub fn read_ini(path: &Path) -> Result<Sections, AzureError> {
    let Some(text) = read_text(path)? else { return Ok(Sections::new()) };
    ini::parse(&text).map_err(|detail| AzureError::Damaged {
        path: path.to_owned(),
        // It quotes the line, which may be long.
        detail: detail.chars().take(200).collect(),
        remedy: "Fix or remove the file",
    })
}
