//! Reads many registries for commands: where to look, what to keep, and what could not be read.

mod scope;
mod verify;

use crate::arm::{ArmClient, ArmError, GraphPages, GraphScope, RegistryQuery, ResourceRow};
use crate::arm::{SUBSCRIPTIONS_QUERY, SubscriptionRow};
use crate::error::UserError;
use crate::fleet::{Coverage, Exposure, FleetRegistry, Fold, Source};
use crate::message::Code;
use crate::session::Session;
use anyhow::Result;
use clap::Args;
use scope::Scope;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::time::Instant;
use verify::Verifier;

/// Where to look for registries, and how carefully.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Fleet options")]
pub struct FleetArgs {
    /// All subscriptions
    ///
    /// Registries of all subscriptions that the login can read.
    #[arg(long, conflicts_with_all = ["subscriptions", "management_group"])]
    pub all_subscriptions: bool,

    /// These subscriptions
    ///
    /// By name or ID.
    #[arg(long, value_name = "ID", num_args = 1.., conflicts_with = "management_group")]
    pub subscriptions: Vec<String>,

    /// All below a management group
    ///
    /// Registries of all subscriptions below it.
    #[arg(long, value_name = "GROUP")]
    pub management_group: Option<String>,

    /// Accept an incomplete answer
    ///
    /// What could not be read is named either way; without this, the exit code is 1.
    #[arg(long)]
    pub allow_partial: bool,

    /// Also ask Resource Manager
    ///
    /// Azure Resource Graph lacks preview properties and lags behind. This asks Azure Resource Manager about each
    /// registry, eight at a time, and also for rights and locks.
    #[arg(long)]
    pub verify: bool,
}

impl FleetArgs {
    /// Whether the user named more than the current subscription.
    pub fn is_given(&self) -> bool {
        self.all_subscriptions || !self.subscriptions.is_empty() || self.management_group.is_some()
    }

    /// For commands that work on a fleet only if the user names a scope: refuses options that do not go together.
    ///
    /// # Arguments
    /// * `files` - `--endpoints`.
    ///
    /// # Errors
    /// A usage error.
    pub fn check(&self, files: &[String]) -> Result<(), UserError> {
        const SCOPES: &str = "--all-subscriptions, --subscriptions or --management-group";
        let given = [(self.allow_partial, "--allow-partial"), (self.verify, "--verify")];
        let alone = given.into_iter().find(|(given, _)| *given && !self.is_given());
        if let Some((_, name)) = alone {
            return Err(UserError::usage(format!("argument {name}: requires {SCOPES}.")));
        }
        if self.is_given() && !files.is_empty() {
            let message = format!("argument --endpoints: not allowed with {SCOPES}.");
            return Err(UserError::usage(message));
        }
        Ok(())
    }
}

/// Leaves a rarely used option to the long help of commands that have many.
pub fn short_help_hides(argument: clap::Arg) -> clap::Arg {
    argument.hide_short_help(true)
}

/// The names of registries, without the suffixes of login servers.
///
/// # Errors
/// One of them is not a registry name.
pub fn registry_names(names: &[String], session: &Session) -> Result<Vec<String>> {
    names.iter().map(|name| Ok(session.registry_name(Some(name))?.to_string())).collect()
}

/// The most warnings about what was not read.
const MAX_WARNINGS: usize = 1_000;

/// Which registries to keep.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// What Resource Graph filters.
    pub query: RegistryQuery,
    /// Filtered here; empty for everything.
    pub exposures: Vec<Exposure>,
    /// Tags that a registry must have, with their values. Case does not matter in names, as everywhere in Azure.
    pub tags: Vec<(String, String)>,
}

impl Filter {
    fn keeps(&self, registry: &FleetRegistry) -> bool {
        let has = |(name, value): &(String, String)| {
            let of_name =
                registry.tags.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
            of_name.into_iter().any(|(_, known)| known.as_str() == Some(value))
        };
        (self.exposures.is_empty() || self.exposures.contains(&registry.exposure()))
            && self.tags.iter().all(has)
    }
}

/// Receives registries as they arrive, in the order of their ids. May stop the reading.
pub type Sink<'a> = dyn FnMut(Vec<FleetRegistry>) -> Result<ControlFlow<()>> + 'a;

/// Reads the registries of a fleet.
///
/// # Arguments
/// * `args` - the scope; without one, the current subscription.
/// * `sink` - receives the registries of each page.
///
/// # Errors
/// ARM refuses a request, a page is missing, or `sink` fails. What cannot be read is no error: it is in the coverage.
pub async fn read(
    args: &FleetArgs,
    filter: &Filter,
    session: &Session,
    sink: &mut Sink<'_>,
) -> Result<Coverage> {
    let scope = scope::of_args(args, session).await?;
    let arm = session.tenant_arm().await?;
    let query = filter.query.text();
    session.streams.debug(&format!("Resource Graph query:\n{query}"));
    let graph_scope = scope.graph();
    let mut pages: GraphPages<'_, ResourceRow> = arm.query_resources(query, graph_scope.clone());
    let progress = Progress::new(session);
    let (expected, covered, first) =
        tokio::join!(scope.expected(session), covered(&scope, graph_scope, arm), pages.next());
    let expected = expected?;
    let covered = covered.or_else(|error| nothing_is_readable(error, &expected).map(Some))?;
    let mut read_nothing = false;
    let mut page = first.or_else(|error| {
        read_nothing = true;
        nothing_is_readable(error, &expected).map(|()| None)
    })?;
    let source = Source { storage_suffix: session.cloud()?.storage_suffix.clone() };
    let mut reader = Reader {
        fold: Fold::new(source.clone(), filter.query.drops_registries()),
        names: names(&expected, covered.as_deref()),
        verifier: args.verify.then(|| Verifier::new(arm, source)),
        filter,
        seen: HashSet::new(),
        coverage: Coverage::default(),
        progress,
        sink,
    };
    let covered = if read_nothing { Some(Vec::new()) } else { covered };
    if let Some(covered) = covered {
        let covered: Vec<String> = covered.into_iter().map(|s| s.subscription_id).collect();
        reader.coverage.unread = Coverage::unread(&expected, &covered);
    }
    while let Some(now) = page {
        reader.coverage.subscription_limit_hit |= now.subscription_limit_hit;
        // The next page is on its way while this one is being processed.
        let (next, flow) = tokio::join!(pages.next(), reader.page(now.rows, now.total));
        if flow?.is_break() {
            return Ok(reader.coverage);
        }
        page = next?;
    }
    reader.finish().await
}

/// Reads the registries of a fleet into memory.
///
/// # Errors
/// As [`read`]; also if something could not be read and `--allow-partial` was not given.
pub async fn read_all(
    args: &FleetArgs,
    filter: &Filter,
    session: &Session,
) -> Result<Vec<FleetRegistry>> {
    let mut registries = Vec::new();
    let mut sink = |page: Vec<FleetRegistry>| {
        registries.extend(page);
        Ok(ControlFlow::Continue(()))
    };
    let coverage = read(args, filter, session, &mut sink).await?;
    warn_of_gaps(&coverage, session);
    if !coverage.is_complete() && !args.allow_partial {
        let message = "Not everything could be read, so registries may be missing.";
        let hint = "To go on with what could be read: --allow-partial";
        return Err(UserError::new(message).hint(hint).about(Code::NotRead).into());
    }
    Ok(registries)
}

/// Warns of everything that could not be read.
pub fn warn_of_gaps(coverage: &Coverage, session: &Session) {
    let gaps = coverage.gaps();
    for gap in gaps.iter().take(MAX_WARNINGS) {
        session.streams.warning(Code::NotRead, gap);
    }
    if gaps.len() > MAX_WARNINGS {
        let more = gaps.len() - MAX_WARNINGS;
        session
            .streams
            .warning(Code::NotRead, &format!("{more} more were not read; reports name all."));
    }
    for id in &coverage.deleted {
        session.streams.warning(
            Code::NotFound,
            &format!("{id} is no longer there, although Resource Graph shows it. It is left out."),
        );
    }
}

/// The subscriptions that Resource Graph looks at, if that must be asked for.
async fn covered(
    scope: &Scope,
    graph: GraphScope,
    arm: &ArmClient,
) -> Result<Option<Vec<SubscriptionRow>>, ArmError> {
    if !scope.must_ask_what_is_covered() {
        return Ok(None);
    }
    let mut pages = arm.query_resources(SUBSCRIPTIONS_QUERY, graph);
    let mut subscriptions = Vec::new();
    while let Some(page) = pages.next().await? {
        subscriptions.extend(page.rows);
    }
    Ok(Some(subscriptions))
}

/// Resource Graph refuses a query if none of the subscriptions can be read: then nothing was read, and all of them are
/// missing. Any other error remains one.
fn nothing_is_readable<T: Default>(
    error: ArmError,
    expected: &[(String, Option<String>)],
) -> Result<T, ArmError> {
    match &error {
        ArmError::Service { error, .. }
            if error.has_code("NoValidSubscriptionsInQueryRequest") && !expected.is_empty() =>
        {
            Ok(T::default())
        }
        _ => Err(error),
    }
}

/// The names of subscriptions by their ids in lower case.
fn names(
    expected: &[(String, Option<String>)],
    covered: Option<&[SubscriptionRow]>,
) -> HashMap<String, String> {
    let covered = covered.unwrap_or_default().iter().map(|s| (&s.subscription_id, Some(&s.name)));
    let expected = expected.iter().map(|(id, name)| (id, name.as_ref()));
    covered
        .chain(expected)
        .filter_map(|(id, name)| Some((id.to_lowercase(), name?.clone())))
        .collect()
}

/// The work on each page.
struct Reader<'a, 'b> {
    fold: Fold,
    names: HashMap<String, String>,
    verifier: Option<Verifier<'a>>,
    filter: &'a Filter,
    /// The names that arrived, in lower case, if the user named some.
    seen: HashSet<String>,
    coverage: Coverage,
    progress: Progress,
    sink: &'a mut Sink<'b>,
}

impl Reader<'_, '_> {
    async fn page(&mut self, rows: Vec<ResourceRow>, total: u64) -> Result<ControlFlow<()>> {
        // Let the request for the next page leave first.
        tokio::task::yield_now().await;
        self.progress.page(rows.len(), total);
        let registries = rows.into_iter().flat_map(|row| self.fold.push(row)).collect();
        self.deliver(registries).await
    }

    async fn finish(mut self) -> Result<Coverage> {
        let (last, orphans) = self.fold.finish();
        self.coverage.disordered = self.fold.is_disordered();
        self.coverage.orphans = orphans;
        let _ = self.deliver(last).await?;
        let missing = self.filter.query.names.iter();
        let missing = missing.filter(|name| !self.seen.contains(&name.to_lowercase()));
        self.coverage.not_found = missing.cloned().collect();
        Ok(self.coverage)
    }

    async fn deliver(&mut self, mut registries: Vec<FleetRegistry>) -> Result<ControlFlow<()>> {
        if let Some(verifier) = &mut self.verifier {
            registries = verifier.verify(registries, &mut self.coverage).await;
        }
        registries.retain(|registry| self.filter.keeps(registry));
        if !self.filter.query.names.is_empty() {
            self.seen.extend(registries.iter().map(|registry| registry.name.to_lowercase()));
        }
        for registry in &mut registries {
            registry.subscription_name =
                self.names.get(&registry.subscription_id.to_lowercase()).cloned();
        }
        (self.sink)(registries)
    }
}

/// Progress on a terminal: pages, registries, rate, time left.
struct Progress {
    spinner: crate::streams::Spinner,
    start: Instant,
    pages: usize,
    rows: u64,
}

impl Progress {
    fn new(session: &Session) -> Self {
        let spinner = session.streams.spinner("Asking Azure Resource Graph");
        Self { spinner, start: Instant::now(), pages: 0, rows: 0 }
    }

    fn page(&mut self, rows: usize, total: u64) {
        self.pages += 1;
        self.rows += rows as u64;
        let seconds = self.start.elapsed().as_secs_f64().max(0.001);
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let (done, all) = (self.rows as f64, total.max(self.rows) as f64);
        let rate = done / seconds;
        self.spinner.set_message(format!(
            "Page {} of {}, {rate:.0} rows/s, {:.0} s left",
            self.pages,
            total.div_ceil(1_000).max(self.pages as u64),
            (all - done) / rate.max(1.0)
        ));
    }
}
