//! The binary: passes the outside world to [`az_acr::run`] and exits with its code.

use az_acr::{Env, Streams};
use std::process::ExitCode;

fn main() -> ExitCode {
    let env = Env::process();
    let colour = env.var("NO_COLOR").is_none() && env.var("TERM").as_deref() != Some("dumb");
    az_acr::run(std::env::args_os(), &env, &Streams::process(colour))
}
