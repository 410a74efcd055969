//! `firewall-rules --check`: what would happen to connections under existing rules.

use super::FirewallRulesArgs;
use crate::commands::Answer;
use crate::commands::annotations::{self, Place, Severity};
use crate::commands::input::{self, shown};
use crate::commands::step_summary;
use crate::domain::Fqdn;
use crate::error::{FAILURE, OK, UserError};
use crate::firewall::audit::{Finding, JudgedFile, Questions, Report, audit};
use crate::firewall::policy::{Hook, Includes, RuleFile, Scope};
use crate::firewall::{AllowList, JUDGED, Language, names_any};
use crate::message::Code;
use crate::output::Outcome;
use crate::probe::{HTTPS, Route};
use crate::session::Session;
use crate::views;
use anyhow::{Context as _, Result};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most rules that are read, in bytes, included files among them.
const MAX_RULES: usize = 256 << 20;
/// The most files that one pattern may include.
const MAX_INCLUDED: usize = 1_000;
/// The most reasons that are printed.
const MAX_REASONS: usize = 5;

/// Checks existing rules.
///
/// # Errors
/// A file cannot be read, the files are in several languages, or their program would refuse them.
pub fn run(args: &FirewallRulesArgs, list: &AllowList, session: &Session) -> Result<Answer> {
    let source = client_address(args)?;
    let addresses = addresses(args, list)?;
    let files = read_files(&args.check, session)?;
    let language = language(args, &files)?;
    let includes = LocalFiles::new(&args.check[0], session);
    let policy = language
        .read(&files, &includes)
        .map_err(|e| UserError::new(format!("The rules cannot be checked: {e}")))?;
    let said = match (args.whole, args.part) {
        (true, _) => Some(Scope::Whole),
        (_, true) => Some(Scope::Part),
        _ => None,
    };
    let storage_suffix = session.cloud()?.storage_suffix.clone();
    let questions = Questions {
        needed: list,
        storage_suffix: storage_suffix.as_deref(),
        source,
        hook: match args.hook.as_deref() {
            Some("output") => Some(Hook::Output),
            Some("forward") => Some(Hook::Forward),
            _ => None,
        },
        scope: said,
        addresses: &addresses,
        https_only: args.port.is_some(),
    };
    let scope = said.unwrap_or_else(|| policy.scope());
    let judged = |file, language: Language| JudgedFile {
        file,
        format: language.name(),
        scope,
        assumed: said.is_none(),
    };
    let named = files.iter().map(|file| {
        let own = Language::recognise(&file.text);
        let own = if language.goes_with(own) { own } else { language };
        judged(Arc::clone(&file.name), own)
    });
    let others = includes.read.take().into_iter().map(|file| judged(file.into(), language));
    let report = audit(&*policy, questions, named.chain(others).collect());
    annotate(args, &report, session);
    let failed =
        !report.holds(args.allow_wildcard) || !report.stale.is_empty() && args.fail_on.is_some();
    let exit_code = if failed { FAILURE } else { OK };
    let summary = summarize(language, scope, &report, session);
    let value = serde_json::to_value(&report).context("findings are plain JSON")?;
    let mut outcome = Outcome::new(value).with_exit_code(exit_code).with_summary(summary);
    outcome.table_on_terminal = true;
    Ok(Answer::Value(outcome.with_table(move || views::findings::rows(&report))))
}

/// The address of a client to ask for.
fn client_address(args: &FirewallRulesArgs) -> Result<Option<IpAddr>, UserError> {
    match args.source.as_slice() {
        [] => Ok(None),
        [source] if source.as_str() == "*" => Ok(None),
        [source] => source.as_str().parse().map(Some).map_err(|_| {
            UserError::usage("argument --source: with --check, it must be one address.")
        }),
        _ => Err(UserError::usage("argument --source: with --check, it must be one address.")),
    }
}

/// The addresses of needed hosts that the user names.
fn addresses(
    args: &FirewallRulesArgs,
    list: &AllowList,
) -> Result<HashMap<Fqdn, Vec<IpAddr>>, UserError> {
    let mut addresses = HashMap::new();
    for rule in &args.resolve {
        let route = Route { resolve: vec![rule.clone()], ..Route::default() };
        let mut named = false;
        for host in list.hosts() {
            if let Some(found) = route.addresses(host.as_str(), HTTPS) {
                addresses.entry(host.clone()).or_insert(found);
                named = true;
            }
        }
        if !named {
            let message =
                "argument --resolve: it names no host that the registries need on port 443.";
            return Err(UserError::usage(message));
        }
    }
    Ok(addresses)
}

/// The files that the user names, and those in directories that the user names.
fn read_files(names: &[String], session: &Session) -> Result<Vec<RuleFile>, UserError> {
    let mut files = Vec::new();
    let mut size = 0;
    for name in names {
        for name in files_of(name)? {
            let bytes = input::read(&name, MAX_RULES, "a rule file", session)?;
            size += bytes.len();
            if size > MAX_RULES {
                let message = "The rule files are larger than 256 MiB together, the limit.";
                return Err(UserError::new(message));
            }
            let text = input::decode_lossy(bytes);
            let name = shown(&name);
            if text.contains('\0') {
                let message = format!("{name} cannot be checked: it is binary, not a rule file");
                return Err(UserError::new(message));
            }
            files.push(RuleFile { name: name.into(), text });
        }
    }
    Ok(files)
}

/// A file itself, or the files in a directory, sorted.
fn files_of(name: &str) -> Result<Vec<String>, UserError> {
    let path = Path::new(name);
    if name == "-" || !path.is_dir() {
        return Ok(vec![name.to_owned()]);
    }
    let unreadable = |e| UserError::new(format!("cannot read {name}: {e}"));
    let mut files = Vec::new();
    for entry in path.read_dir().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !is_hidden && entry.path().is_file() {
            files.push(entry.path().to_string_lossy().into_owned());
        }
    }
    files.sort_unstable();
    if files.is_empty() {
        return Err(UserError::new(format!("there is no file in the directory {name}")));
    }
    Ok(files)
}

/// The language that the user names, or that of the content.
fn language(args: &FirewallRulesArgs, files: &[RuleFile]) -> Result<Language, UserError> {
    let said = JUDGED.into_iter().find(|(name, _)| args.from.as_deref() == Some(*name));
    if let Some((_, language)) = said {
        return Ok(language);
    }
    let languages: Vec<_> =
        files.iter().map(|file| (Language::recognise(&file.text), file)).collect();
    let goes_with_all = |(language, _): &&(Language, &RuleFile)| {
        languages.iter().all(|(other, _)| language.goes_with(*other))
    };
    let chosen = languages.iter().find(goes_with_all).or_else(|| languages.first());
    let Some((language, first)) = chosen.copied() else { return Ok(Language::List) };
    if let Some((other, file)) = languages.iter().find(|(other, _)| !language.goes_with(*other)) {
        let name = |language: Language| language.name().unwrap_or("in an unknown language");
        let message = format!(
            "The files of one check must be in one language: {} is {}, {} is {}.",
            first.name,
            name(language),
            file.name,
            name(*other)
        );
        return Err(
            UserError::new(message).hint("If that is wrong, name the language: --from FORMAT")
        );
    }
    if language == Language::Other && !files.iter().any(|file| names_any(&file.text)) {
        let message = format!("{} cannot be checked: there is no host name in it", first.name);
        return Err(UserError::new(message));
    }
    Ok(language)
}

/// Files of this machine that rules include.
struct LocalFiles<'a> {
    /// Where relative paths begin: the directory of the first file.
    base: PathBuf,
    left: Cell<usize>,
    /// The files that were read.
    read: RefCell<Vec<String>>,
    session: &'a Session,
}

impl<'a> LocalFiles<'a> {
    fn new(first: &str, session: &'a Session) -> Self {
        let base = Path::new(first).parent().map(Path::to_path_buf).unwrap_or_default();
        Self { base, left: Cell::new(MAX_RULES), read: RefCell::default(), session }
    }

    fn path(&self, path: &str) -> String {
        // An absolute path replaces the base.
        self.base.join(path).to_string_lossy().into_owned()
    }
}

impl Includes for LocalFiles<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        let path = self.path(path);
        // A pipe or a device could block, or never end.
        if !Path::new(&path).is_file() {
            return Err(format!("the file {path} is not here"));
        }
        let bytes = input::read(&path, self.left.get(), "included rules", self.session)
            .map_err(|e| e.to_string())?;
        self.left.set(self.left.get() - bytes.len());
        self.read.borrow_mut().push(path);
        Ok(input::decode_lossy(bytes))
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        // `**` is no pattern of glob(3), which the programs use.
        if pattern.contains("**") {
            return Vec::new();
        }
        let Ok(found) = glob::glob(&self.path(pattern)) else { return Vec::new() };
        let files = found.flatten().filter(|path| path.is_file()).take(MAX_INCLUDED);
        files.map(|path| path.to_string_lossy().into_owned()).collect()
    }
}

/// Warns of what could not be judged, and returns the line that says what was judged and how it ended.
fn summarize(language: Language, scope: Scope, report: &Report, session: &Session) -> String {
    let reasons: BTreeSet<String> = report
        .unjudged
        .iter()
        .map(|finding| {
            let why = finding.why.as_deref().unwrap_or_default();
            match (&finding.file, finding.line) {
                (Some(file), Some(line)) => format!("{file}, line {line}: {why}"),
                _ => why.to_owned(),
            }
        })
        .collect();
    for reason in reasons.iter().take(MAX_REASONS) {
        session.streams.warning(Code::NotJudged, &format!("not judged: {reason}"));
    }
    if reasons.len() > MAX_REASONS {
        let more = reasons.len() - MAX_REASONS;
        session.streams.warning(Code::NotJudged, &format!("not judged: {more} more reasons"));
    }
    let counts: Vec<String> = [
        (&report.missing, "missing"),
        (&report.denied, "denied"),
        (&report.too_broad, "too broad"),
        (&report.unjudged, "not judged"),
        (&report.stale, "stale"),
        (&report.ok, "ok"),
    ]
    .into_iter()
    .filter(|(findings, _)| !findings.is_empty())
    .map(|(findings, what)| format!("{} {what}", findings.len()))
    .collect();
    let scope = match scope {
        Scope::Whole => "the whole policy",
        Scope::Part => "part of a policy: what they do not decide counts as closed",
    };
    let language = language.name().unwrap_or("unknown language");
    let counts = counts.join(", ");
    let summary = format!("{counts} ({language}, {scope}).");
    let rows = || views::findings::rows(report);
    step_summary::write("firewall-rules --check", &summary, rows, session);
    summary
}

/// Findings beside their files, for CI systems.
fn annotate(args: &FirewallRulesArgs, report: &Report, session: &Session) {
    let stale = if args.fail_on.is_some() { Severity::Error } else { Severity::Warning };
    let kinds: [(&[Finding], Severity, &str); 5] = [
        (&report.missing, Severity::Error, "is needed but not allowed: pulls will fail"),
        (&report.denied, Severity::Error, "is needed but denied here: pulls will fail"),
        (&report.too_broad, Severity::Error, "is somebody else's, and passes"),
        (&report.unjudged, Severity::Error, "cannot be judged"),
        (&report.stale, stale, "is no longer in use"),
    ];
    for (findings, severity, what) in kinds {
        for finding in findings {
            let accepted = args.allow_wildcard && finding.storage;
            let severity = if accepted { Severity::Warning } else { severity };
            let file = finding.file.as_deref().unwrap_or_else(|| shown(&args.check[0]));
            let place = Some(Place { file, line: finding.line });
            annotations::write(
                severity,
                place,
                &format!("{} {what}", finding.fqdn),
                &session.env,
                &session.streams,
            );
        }
    }
}
