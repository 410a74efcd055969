//! The binary: passes the outside world to [`az_acr::run`] and exits with its code.

use az_acr::{Env, Streams};
use std::process::ExitCode;

#[cfg(unix)]
mod before_main {
    use std::sync::atomic::{AtomicBool, Ordering};

    static STDOUT_IS_CLOSED: AtomicBool = AtomicBool::new(false);

    // Rust opens `/dev/null` in place of a closed standard output before `main`, and ignores that one is open for reading
    // only. Only a constructor sees the first.
    ctor::declarative::ctor! {
        #[ctor(unsafe)]
        fn look_at_stdout() {
            use rustix::fs::OFlags;
            let flags = rustix::fs::fcntl_getfl(rustix::stdio::stdout());
            let open = flags.is_ok_and(|flags| flags & OFlags::RWMODE != OFlags::RDONLY);
            STDOUT_IS_CLOSED.store(!open, Ordering::Relaxed);
        }
    }

    /// Whether this process was started without a standard output that can be written to.
    pub fn stdout_is_closed() -> bool {
        STDOUT_IS_CLOSED.load(Ordering::Relaxed)
    }
}

#[cfg(not(unix))]
mod before_main {
    /// Unknown: Windows gives no error for output without a console.
    pub fn stdout_is_closed() -> bool {
        false
    }
}

fn main() -> ExitCode {
    let env = Env::process();
    let colour = env.var("NO_COLOR").is_none() && env.var("TERM").as_deref() != Some("dumb");
    let mut streams = Streams::process(colour);
    if before_main::stdout_is_closed() {
        streams = streams.without_stdout();
    }
    az_acr::run(std::env::args_os(), &env, &streams)
}
