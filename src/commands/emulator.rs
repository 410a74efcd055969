//! `emulator`: the embedded Azure, over HTTPS for other programs, and back to its first day.

use super::Answer;
use crate::context::Context;
use crate::emulator::TENANT;
use crate::emulator::server::Server;
use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Examples under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  az-acr --cloud emulator list -o table
  az-acr emulator start --port 8443
  az-acr emulator reset";

/// Arguments of `emulator`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct EmulatorArgs {
    #[command(subcommand)]
    command: EmulatorCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum EmulatorCommand {
    /// Serve the emulator over HTTPS on this machine, for az, SDKs and curl
    Start(StartArgs),
    /// Bring the emulator's first world back
    Reset,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr emulator start
  az-acr emulator start --port 8443 --cert-dir ./tls")]
struct StartArgs {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,

    /// Directory for ca.pem [default: az-acr/tls in $XDG_STATE_HOME]
    #[arg(long, value_name = "DIR")]
    cert_dir: Option<PathBuf>,

    /// Append each request to a file, a line of JSON each
    #[arg(long, value_name = "FILE")]
    request_log: Option<PathBuf>,
}

/// Starts or resets the emulator.
///
/// # Errors
/// The port is taken, or a file cannot be written.
pub async fn run(args: &EmulatorArgs, ctx: &Context) -> Result<Answer> {
    match &args.command {
        EmulatorCommand::Start(args) => start(args, ctx).await,
        EmulatorCommand::Reset => {
            ctx.emulator_store()?.reset()?;
            Ok(Answer::Text(Vec::new()))
        }
    }
}

async fn start(args: &StartArgs, ctx: &Context) -> Result<Answer> {
    let directory = match &args.cert_dir {
        Some(directory) => directory.clone(),
        None => ctx.emulator_directory()?.join("tls"),
    };
    let store = ctx.emulator_store()?;
    // Damage is better said now than in every answer.
    store.load()?;
    let server = Server::bind(store, ctx.env.clock(), args.port, &directory)
        .await?
        .with_request_log(args.request_log.clone());
    ctx.streams
        .write_stdout(instructions(&server).as_bytes())
        .context("cannot write to standard output")?;
    let stop = async {
        // Without a handler the signal ends the process all the same.
        let _ = tokio::signal::ctrl_c().await;
    };
    tokio::task::LocalSet::new().run_until(server.serve(stop)).await;
    Ok(Answer::Text(Vec::new()))
}

/// The lines that make `az` talk to the emulator, in a configuration directory of its own.
fn instructions(server: &Server) -> String {
    let url = server.url();
    let ca = server.ca_file();
    let ca = ca.canonicalize().unwrap_or_else(|_| ca.to_owned());
    let azure = ca.with_file_name("azure");
    format!(
        "\
# The emulator listens on {url}. Ctrl-C stops it.
export REQUESTS_CA_BUNDLE='{ca}'
export AZURE_CONFIG_DIR='{azure}'
az cloud register --name az-acr-emulator --skip-endpoint-discovery --endpoint-resource-manager {url} \
--endpoint-management {url} --endpoint-active-directory {url} --endpoint-active-directory-resource-id {url} \
--suffix-acr-login-server-endpoint .azurecr.io --suffix-storage-endpoint core.windows.net
az cloud set --name az-acr-emulator
az config set core.instance_discovery=false
az login --service-principal --username emulator --password emulator --tenant {TENANT}
",
        ca = ca.display(),
        azure = azure.display(),
    )
}
