//! `list-endpoints`: the endpoints of every registry that the login can read, and what it could not read.

mod report;

use super::Answer;
use super::args::{find_regions, one_of};
use super::fleet::{self, Filter, FleetArgs};
use super::step_summary;
use crate::arm::RegistryQuery;
use crate::error::{FAILURE, OK};
use crate::fleet::{Coverage, Exposure, FleetRegistry};
use crate::output::{Choice, Outcome, RowStream};
use crate::session::Session;
use crate::views;
use anyhow::{Context as _, Result};
use clap::Args;
use report::{ReportArgs, Reports};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Examples under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  az-acr list-endpoints --all-subscriptions -o table
  az-acr list-endpoints --management-group production > fleet.json
  az-acr list-endpoints --all-subscriptions -o none --report fleet.html";

/// Arguments of `list-endpoints`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ListEndpointsArgs {
    /// Only registries with these names
    #[arg(short, long, value_name = "NAME", num_args = 1..)]
    name: Vec<String>,

    /// Only registries in this resource group
    #[arg(short = 'g', long, value_name = "GROUP", hide_short_help = true)]
    resource_group: Option<String>,

    /// Only registries with their home in these regions
    #[arg(short, long, value_name = "REGION", num_args = 1.., hide_short_help = true)]
    location: Vec<String>,

    /// Only registries with these SKUs: Basic, Standard, Premium
    #[arg(long, value_name = "SKU", num_args = 1.., hide_possible_values = true, ignore_case = true,
          value_parser = one_of(&["Basic", "Standard", "Premium"]), hide_short_help = true)]
    sku: Vec<String>,

    /// Only wildcard, unknown, dedicated, private
    #[arg(long, value_name = "EXPOSURE", num_args = 1.., hide_possible_values = true, ignore_case = true,
          value_parser = one_of(&["wildcard", "unknown", "dedicated", "private"]))]
    exposure: Vec<String>,

    /// Only registries with these tags
    #[arg(long, value_name = "KEY=VALUE", num_args = 1.., value_parser = tag, hide_short_help = true)]
    tag: Vec<(String, String)>,

    #[command(flatten)]
    report: ReportArgs,

    #[command(flatten)]
    fleet: FleetArgs,
}

impl ListEndpointsArgs {
    /// Whether only some of the registries are wanted.
    fn is_filtered(&self) -> bool {
        !(self.name.is_empty()
            && self.resource_group.is_none()
            && self.location.is_empty()
            && self.sku.is_empty()
            && self.exposure.is_empty()
            && self.tag.is_empty())
    }
}

fn tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

/// Lists registries.
///
/// # Errors
/// A filter is invalid, ARM rejects a request, or a page is missing.
pub async fn run(args: &ListEndpointsArgs, session: &Session, output: &Choice) -> Result<Answer> {
    let filter = filter(args, session)?;
    let reports = Reports::of_args(&args.report, session)?;
    let mut list = List {
        stream: output.stream(session.streams.stdout_tty),
        hold: reports.is_some(),
        held: Vec::new(),
        counts: BTreeMap::new(),
        session,
    };
    let mut sink = |registries| list.take(registries);
    let coverage = fleet::read(&args.fleet, &filter, session, &mut sink).await?;
    fleet::warn_of_gaps(&coverage, session);
    if let Some(reports) = reports {
        // A list that was written already needs its registries no more.
        let registries =
            if list.stream.is_some() { std::mem::take(&mut list.held) } else { list.held.clone() };
        reports.write(args, registries, coverage.clone(), session)?;
    }
    list.finish(&coverage, args.fleet.allow_partial)
}

fn filter(args: &ListEndpointsArgs, session: &Session) -> Result<Filter> {
    let query = RegistryQuery {
        names: fleet::registry_names(&args.name, session)?,
        groups: args.resource_group.iter().cloned().collect(),
        locations: find_regions(&args.location)?.into_iter().map(str::to_owned).collect(),
        skus: args.sku.clone(),
    };
    let is_wanted = |exposure: &Exposure| args.exposure.iter().any(|name| name == exposure.name());
    Ok(Filter {
        query,
        exposures: Exposure::ALL.into_iter().filter(is_wanted).collect(),
        tags: args.tag.clone(),
    })
}

/// The list as it arrives.
struct List<'a> {
    /// Writes rows at once; `None` if the format needs all of them.
    stream: Option<RowStream>,
    /// Whether rows are needed after they were written.
    hold: bool,
    held: Vec<FleetRegistry>,
    counts: BTreeMap<Exposure, usize>,
    session: &'a Session,
}

impl List<'_> {
    fn take(&mut self, registries: Vec<FleetRegistry>) -> Result<ControlFlow<()>> {
        for registry in &registries {
            *self.counts.entry(registry.exposure()).or_default() += 1;
        }
        let stream = self.stream.as_mut();
        let text = stream.map(|stream| {
            registries.iter().map(|r| stream.row(views::fleet::json(r))).collect::<String>()
        });
        if self.hold || text.is_none() {
            self.held.extend(registries);
        }
        let flow = text.map_or(Ok(ControlFlow::Continue(())), |text| self.write(&text))?;
        // A report needs all registries, whoever reads the list.
        Ok(if self.hold { ControlFlow::Continue(()) } else { flow })
    }

    fn write(&self, text: &str) -> Result<ControlFlow<()>> {
        let read = self.session.streams.offer_stdout(text.as_bytes());
        Ok(if read.context("cannot write to standard output")? {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    }

    fn finish(mut self, coverage: &Coverage, allow_partial: bool) -> Result<Answer> {
        let exit_code = if coverage.is_complete() || allow_partial { OK } else { FAILURE };
        let stream = self.stream.take();
        let is_written = stream.is_some();
        if let Some(stream) = stream {
            let _ = self.write(stream.end())?;
        }
        let summary = self.summary();
        self.session.streams.summary(&summary, exit_code);
        let gaps = coverage.gaps().join(" ");
        // The rows of a fleet are no summary; a report has them.
        step_summary::write("list-endpoints", &format!("{summary} {gaps}"), Vec::new, self.session);
        if is_written {
            return Ok(Answer::Written(exit_code));
        }
        let registries = self.held;
        let value = registries.iter().map(views::fleet::json).collect();
        let mut outcome = Outcome::new(value).with_exit_code(exit_code);
        outcome.table_on_terminal = true;
        Ok(Answer::Value(outcome.with_table(move || views::fleet::rows(&registries))))
    }

    /// E.g. `6 registries: 4 wildcard, 1 dedicated, 1 private.`
    fn summary(&self) -> String {
        let all: usize = self.counts.values().sum();
        let counts: Vec<String> = self
            .counts
            .iter()
            .map(|(exposure, count)| format!("{count} {}", exposure.name()))
            .collect();
        match all {
            0 => "no registries.".to_owned(),
            1 => format!("1 registry: {}.", counts.join(", ")),
            _ => format!("{all} registries: {}.", counts.join(", ")),
        }
    }
}
