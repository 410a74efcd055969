//! Judges proxy auto-config files by running them: which hosts bypass the proxy.
//!
//! The file runs in QuickJS without network, files or clock, with a limit on steps and memory. The helpers are those of
//! browsers; `tests/judges/pac.py` compares the answers with those of another engine.

mod answer;

use crate::domain::Fqdn;
use crate::firewall::host_set::HostSet;
use crate::firewall::name_pattern::NamePattern;
use crate::firewall::policy::{
    Decision, Flow, InvalidRules, Mentions, Outcome, Place, Policy, Purpose, RuleFile, Scope,
};
use answer::Way;
use rquickjs::{CatchResultExt as _, Context, Function, Runtime};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

const HELPERS: &str = include_str!("helpers.js");
/// A site that has nothing to do with Azure: it goes where the rest of the web goes.
const UNRELATED: &str = "some-unrelated-site.com";
/// Memory for the file, in bytes.
const MAX_MEMORY: usize = 16 << 20;
/// The stack of the file, in bytes.
const MAX_STACK: usize = 512 << 10;
/// The most steps of a call, each of which is 10,000 of QuickJS's.
const MAX_STEPS: u32 = 100;
/// How long all calls together may take: a step on a long text takes long.
const LONGEST: Duration = Duration::from_secs(20);

/// A file that was loaded.
pub struct Script {
    context: Context,
    /// The steps of the current call.
    steps: Rc<Cell<u32>>,
    /// Where other sites go.
    usual: Way,
    names: HostSet,
    examples: Vec<String>,
    place: Place,
    hidden: Option<Arc<str>>,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Script").field("place", &self.place).finish_non_exhaustive()
    }
}

/// Whether a text is a proxy auto-config file.
pub fn is_script(text: &str) -> bool {
    text.contains("FindProxyForURL")
}

/// Loads a file.
///
/// # Errors
/// [`InvalidRules`] if browsers would not load it: they then go without a proxy.
pub fn read(files: &[RuleFile]) -> Result<Script, InvalidRules> {
    let (name, text) = match files {
        [file, ..] => (Arc::clone(&file.name), file.text.as_str()),
        [] => ("".into(), ""),
    };
    let line = text.lines().position(|line| line.contains("FindProxyForURL")).unwrap_or_default();
    let place = Place { file: name, line: line + 1 };
    let invalid = |what: String| InvalidRules { place: place.clone(), what };
    let steps: Rc<Cell<u32>> = Rc::default();
    let context = engine(&steps).map_err(|error| invalid(error.to_string()))?;
    let loaded = context.with(|context| {
        context.eval::<(), _>(HELPERS).catch(&context).map_err(|error| error.to_string())?;
        context.eval::<(), _>(text).catch(&context).map_err(|error| error.to_string())?;
        context
            .globals()
            .get::<_, Function<'_>>("FindProxyForURL")
            .map_err(|error| error.to_string())?;
        Ok::<(), String>(())
    });
    loaded.map_err(|error| invalid(format!("browsers do not load the file: {}", error.trim())))?;
    let (names, examples) = mentioned(text, &place);
    let hidden = (files.len() > 1).then(|| "a browser has one file at a time".into());
    let mut script = Script { context, steps, usual: Way::Direct, names, examples, place, hidden };
    script.usual = script.ask(UNRELATED, 443).unwrap_or(Way::Direct);
    Ok(script)
}

/// An engine with limits.
fn engine(steps: &Rc<Cell<u32>>) -> rquickjs::Result<Context> {
    let runtime = Runtime::new()?;
    runtime.set_memory_limit(MAX_MEMORY);
    runtime.set_max_stack_size(MAX_STACK);
    let taken = Rc::clone(steps);
    let started = Instant::now();
    runtime.set_interrupt_handler(Some(Box::new(move || {
        taken.set(taken.get() + 1);
        taken.get() > MAX_STEPS || started.elapsed() > LONGEST
    })));
    Context::full(&runtime)
}

/// The hosts and domains in the texts of a file.
fn mentioned(text: &str, place: &Place) -> (HostSet, Vec<String>) {
    let (mut names, mut examples) = (HostSet::default(), Vec::new());
    for quote in ['"', '\''] {
        for literal in text.split(quote).skip(1).step_by(2) {
            let literal = literal.trim().to_ascii_lowercase();
            let is_host = |c: char| c.is_ascii_alphanumeric() || ".-*?/:\\^$".contains(c);
            if literal.len() > 200 || !literal.contains('.') || !literal.chars().all(is_host) {
                continue;
            }
            let bare: String = literal.chars().filter(|c| !"\\^$".contains(*c)).collect();
            let bare = bare.rsplit("//").next().unwrap_or_default();
            let domain = bare.strip_prefix('.').map(|domain| format!("*.{domain}"));
            if let Some(pattern) = NamePattern::with_star(domain.as_deref().unwrap_or(bare)) {
                pattern.mention(&mut names, place);
            }
            examples.push(bare.trim_matches(['*', '?', '/']).to_owned());
            examples.push(bare.replace(['*', '?'], "x"));
        }
    }
    (names, examples)
}

impl Script {
    /// Where the file sends a host.
    ///
    /// # Errors
    /// Why nobody can tell.
    fn ask(&self, host: &str, port: u16) -> Result<Way, Arc<str>> {
        self.steps.set(0);
        let scheme = if port == 80 { "http" } else { "https" };
        self.context.with(|context| {
            let globals = context.globals();
            let answer = globals
                .set("unknowable", "")
                .and_then(|()| globals.get::<_, Function<'_>>("FindProxyForURL"))
                .and_then(|find| {
                    find.call::<_, Option<String>>((format!("{scheme}://{host}/"), host))
                })
                .catch(&context)
                .map_err(|error| format!("the file fails: {}", error.to_string().trim()))?;
            let unknowable: String = globals.get("unknowable").unwrap_or_default();
            if !unknowable.is_empty() {
                return Err(
                    format!("the answer depends on {unknowable}, which is not judged").into()
                );
            }
            Way::parse(answer.as_deref().unwrap_or_default()).map_err(Arc::from)
        })
    }
}

impl Policy for Script {
    fn decide(&self, flow: &Flow<'_>, _: &Outcome) -> Decision {
        let unknown = |why: Arc<str>| Decision::by(Outcome::Unknown(why), &self.place);
        if let Some(why) = &self.hidden {
            return unknown(Arc::clone(why));
        }
        match self.ask(flow.host.as_str(), flow.port) {
            Err(why) => unknown(why),
            Ok(Way::Direct) => Decision::by(Outcome::Allow, &self.place),
            Ok(Way::Proxy { or_direct: true, .. }) if flow.purpose == Purpose::Stranger => {
                unknown("when the proxy is down, the file lets the host go without it".into())
            }
            Ok(way @ Way::Proxy { is_local: true, .. })
                if flow.purpose == Purpose::Needed && way != self.usual =>
            {
                let why =
                    "the file sends the host to a proxy on the client itself, which may refuse it";
                unknown(why.into())
            }
            Ok(_) => Decision::by_default(Outcome::Deny),
        }
    }

    fn mentions(&self) -> Mentions<'_> {
        Mentions {
            hosts: vec![&self.names],
            examples: self.examples.clone(),
            ..Mentions::default()
        }
    }

    fn scope(&self) -> Scope {
        Scope::Whole
    }

    fn if_all_are_left(&self, hosts: &[Fqdn]) -> Option<Outcome> {
        let mut ways = hosts.iter().map(|host| self.ask(host.as_str(), 443));
        let first = ways.next()?;
        (first.is_ok() && ways.all(|way| way == first)).then_some(Outcome::Allow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firewall::policy::decision_for;

    fn outcome(body: &str, host: &str) -> Outcome {
        let text = format!("function FindProxyForURL(url, host) {{ {body} }}");
        let script = read(&[RuleFile { name: "f".into(), text }]).unwrap();
        decision_for(&script, host, &Outcome::Deny).outcome
    }

    #[test]
    fn hosts_go_direct_or_through_the_proxy() {
        let direct =
            "if (dnsDomainIs(host, '.azurecr.io')) return 'DIRECT'; return 'PROXY p:3128';";
        assert_eq!(outcome(direct, "contoso.azurecr.io"), Outcome::Allow);
        assert_eq!(outcome(direct, "example.com"), Outcome::Deny);
        for body in [
            "return isInNet(dnsResolve(host), '10.0.0.0', '255.0.0.0') ? 'DIRECT' : 'PROXY p:1';",
            "return new Date().getDay() ? 'DIRECT' : 'PROXY p:1';",
            "while (true) {}",
            "var a = []; for (;;) a.push(new Array(100000).join('x'));",
            "return missing(host);",
            "return shExpMatch(host, '(contoso|x).azurecr.io') ? 'DIRECT' : 'PROXY p:1';",
            "return dnsDomainIs(host, '.azurecr.io') ? 'PROXY 127.0.0.1:1' : 'PROXY p:1';",
        ] {
            assert!(matches!(outcome(body, "contoso.azurecr.io"), Outcome::Unknown(_)), "{body}");
        }
    }

    #[test]
    fn a_file_that_browsers_do_not_load_is_an_error() {
        for text in ["function FindProxyForURL(url, host) {", "var FindProxyForURL = 1;"] {
            assert!(
                read(&[RuleFile { name: "f".into(), text: text.to_owned() }]).is_err(),
                "{text}"
            );
        }
    }
}
