//! Probers for commands: over the real network, or in the emulated cloud, where every host is this process.

use crate::emulator::server::{DataPlaneOptions, Options, Server};
use crate::probe::{HTTPS, Names, NoNames, OnStep, Prober, Route, SystemNames, TrustAnchors};
use crate::session::Session;
use anyhow::Result;
use std::time::Duration;
use tokio::task::LocalSet;

/// How to connect.
pub struct Probing {
    /// Overrides and proxies.
    pub route: Route,
    /// The time limit for each step.
    pub timeout: Duration,
    /// Called at the start of each step.
    pub on_step: OnStep,
}

impl Probing {
    /// Runs work with a prober.
    ///
    /// # Errors
    /// The emulator cannot start, roots or proxies are invalid, or the work fails.
    pub async fn run<T>(
        self,
        session: &Session,
        work: impl AsyncFnOnce(&Prober) -> T,
    ) -> Result<T> {
        // A real registry may have the name of an emulated one, so checks of the emulated cloud never leave this process.
        if !session.cloud()?.is_emulator() {
            let names = Box::new(SystemNames::new(self.timeout));
            let anchors = TrustAnchors::new(session.local_verifier()?)?;
            return Ok(work(&self.prober(names, anchors, session)).await);
        }
        let options =
            Options { data_plane: Some(DataPlaneOptions::default()), ..Options::default() };
        let server = Server::bind(session.emulator_store()?, session.env.clock(), options).await?;
        let prober = self.emulated(&server, session)?;
        let local = LocalSet::new();
        local.spawn_local(server.serve(std::future::pending()));
        Ok(local.run_until(work(&prober)).await)
    }

    fn prober(self, names: Box<dyn Names>, anchors: TrustAnchors, session: &Session) -> Prober {
        let Self { route, timeout, on_step: progress } = self;
        let streams = session.streams.clone();
        let log = Box::new(move |line: &str| streams.debug(line));
        Prober { names, route, anchors, timeout, log, progress }
    }

    /// In the emulated cloud every host leads to the server in this process, and no other name exists.
    fn emulated(mut self, server: &Server, session: &Session) -> Result<Prober> {
        for host in crate::emulator::hosts(&*session.emulator_store()?.load()?) {
            self.route.connect_to.push(format!("{host}:{HTTPS}:{}", server.address()).parse()?);
        }
        let anchors = TrustAnchors::emulated(server.ca())?;
        Ok(self.prober(Box::new(NoNames), anchors, session))
    }
}
