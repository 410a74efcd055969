//! `--report`: what to write, and the files.

use super::ListEndpointsArgs;
use crate::commands::input;
use crate::commands::mask::MaskArgs;
use crate::error::UserError;
use crate::files::{self, Readers};
use crate::fleet::{Coverage, FleetRegistry};
use crate::report::{ClientUse, Exceptions, FORMATS, Mask, Report};
use crate::session::Session;
use anyhow::{Context as _, Result};
use clap::Args;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The maximum size of a list of exceptions, in bytes.
const MAX_EXCEPTIONS: usize = 16 << 20;
/// The maximum size of a list of clients, in bytes.
const MAX_CLIENTS: usize = 256 << 20;

/// What to write besides the list.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Report options",
          mut_arg("mask", |argument| argument.requires("report")))]
pub struct ReportArgs {
    /// Reports: FILE.html, .csv, .md, .sarif, .xml (JUnit)
    #[arg(long, value_name = "FILE", num_args = 1.., value_parser = report_file)]
    pub report: Vec<PathBuf>,

    /// Accepted findings: registry,rule,reason,expires
    #[arg(long, value_name = "FILE", requires = "report")]
    exceptions: Option<String>,

    /// Output of list-clients, for the reports
    #[arg(long, value_name = "FILE", requires = "report", hide_short_help = true)]
    clients: Option<String>,

    #[command(flatten)]
    mask: MaskArgs,
}

fn report_file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if ending(&path).is_some_and(|ending| FORMATS.iter().any(|(name, _)| *name == ending)) {
        return Ok(path);
    }
    let names = FORMATS.map(|(name, _)| format!(".{name}")).join(", ");
    Err(format!("the name must end with one of {names}"))
}

fn ending(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_lowercase())
}

/// What reports need besides the fleet, read before anything is asked.
pub struct Reports {
    files: Vec<PathBuf>,
    exceptions: Exceptions,
    clients: HashMap<String, ClientUse>,
    mask: Option<Mask>,
}

impl Reports {
    /// Reads the files that the user names. `None` if no report is wanted.
    ///
    /// # Errors
    /// A file cannot be read, or is not what it should be.
    pub fn of_args(args: &ReportArgs, session: &Session) -> Result<Option<Self>> {
        if args.report.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            files: args.report.clone(),
            exceptions: exceptions(args, session)?,
            clients: clients(args, session)?,
            mask: args.mask.read(session)?,
        }))
    }

    /// Writes all reports. Each file is replaced as a whole.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(
        &self,
        args: &ListEndpointsArgs,
        registries: Vec<FleetRegistry>,
        coverage: Coverage,
        session: &Session,
    ) -> Result<()> {
        let mut report = Report::new(registries, coverage, &self.exceptions, session.env.now());
        report.clients.clone_from(&self.clients);
        report.read_by = session.who().to_owned();
        report.scope = scope(args, self.mask.is_some());
        if let Some(mask) = &self.mask {
            report = mask.apply(report);
        }
        for file in &self.files {
            let ending = ending(file).unwrap_or_default();
            let format = FORMATS.iter().find(|(name, _)| *name == ending);
            let (_, render) = format.context("the ending was checked")?;
            files::replace(file, &render(&report)?, Readers::All)
                .map_err(|e| UserError::new(format!("cannot write {}: {e}", file.display())))?;
        }
        Ok(())
    }
}

fn exceptions(args: &ReportArgs, session: &Session) -> Result<Exceptions> {
    let Some(file) = &args.exceptions else { return Ok(Exceptions::default()) };
    let bytes = input::read(file, MAX_EXCEPTIONS, "a list of exceptions", session)?;
    let text = input::decode_lossy(bytes);
    let name = input::shown(file);
    Exceptions::parse(&text).map_err(|e| UserError::new(format!("{name}, {e}.")).into())
}

fn clients(args: &ReportArgs, session: &Session) -> Result<HashMap<String, ClientUse>> {
    let Some(file) = &args.clients else { return Ok(HashMap::new()) };
    let bytes = input::read(file, MAX_CLIENTS, "a list of clients", session)?;
    crate::report::clients::parse(&input::decode_lossy(bytes)).map_err(|e| {
        UserError::new(format!("{} is not the JSON of list-clients: {e}.", input::shown(file)))
            .into()
    })
}

/// Where the registries were read, in words.
fn scope(args: &ListEndpointsArgs, masked: bool) -> String {
    let fleet = &args.fleet;
    let names = |names: &[String]| names.join(", ");
    let place = if fleet.all_subscriptions {
        "all subscriptions that the login can read".to_owned()
    } else if masked {
        "some subscriptions".to_owned()
    } else if let Some(group) = &fleet.management_group {
        format!("the management group {group}")
    } else if fleet.subscriptions.is_empty() {
        "one subscription".to_owned()
    } else {
        format!("the subscriptions {}", names(&fleet.subscriptions))
    };
    let source =
        if fleet.verify { "Resource Graph and Resource Manager" } else { "Resource Graph" };
    let filter = if args.is_filtered() { ", filtered" } else { "" };
    format!("{place}, from Azure {source}{filter}")
}
