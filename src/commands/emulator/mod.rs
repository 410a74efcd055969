//! `emulator`: serves the embedded emulator over HTTPS to other programs, or resets it.

mod background;

use super::Answer;
use crate::emulator::fleet::Fleet;
use crate::emulator::server::{DataPlaneOptions, Options, Server};
use crate::emulator::{FaultRule, TENANT};
use crate::session::Session;
use crate::terminal::visible;
use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

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
    /// Stop the emulator that runs in the background
    #[command(after_help = "Examples:\n  az-acr emulator stop")]
    Stop,
    /// Restore the emulator's initial registries
    Reset,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr emulator start
  az-acr emulator start --port 8443 --cert-dir ./tls
  az-acr emulator start --data-plane --fault contoso.azurecr.io=slow:2000")]
struct StartArgs {
    /// Port; 0 is a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,

    /// Listen on
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,

    /// Directory for ca.pem
    ///
    /// The default is az-acr/tls in $XDG_STATE_HOME.
    #[arg(long, value_name = "DIR")]
    cert_dir: Option<PathBuf>,

    /// Add this many registries
    ///
    /// They are in many subscriptions, some of which cannot be read.
    #[arg(long, value_name = "NUMBER")]
    fleet: Option<usize>,

    /// Append requests to a file
    ///
    /// One line of JSON each.
    #[arg(long, value_name = "FILE")]
    request_log: Option<PathBuf>,

    /// Also serve the registries
    ///
    /// Login servers, data endpoints and storage, with an image in each registry.
    #[arg(long)]
    data_plane: bool,

    /// Simulate a fault of a host
    ///
    /// HOST=slow[:MILLISECONDS], reset, wrong-certificate or untrusted-certificate.
    #[arg(long, value_name = "HOST=FAULT", num_args = 1.., requires = "data_plane")]
    fault: Vec<FaultRule>,

    /// Lifetime of links [default: 1200]
    ///
    /// How long a link to a layer is valid.
    #[arg(long, value_name = "SECONDS", requires = "data_plane")]
    link_lifetime: Option<u32>,

    /// Return once it runs
    ///
    /// It runs until 'az-acr emulator stop'. With -o json, prints its URL, process id and CA file.
    #[arg(long)]
    background: bool,

    /// Stop when this file is removed
    #[arg(long, value_name = "FILE", hide = true, conflicts_with = "background")]
    run_file: Option<PathBuf>,
}

/// Starts or resets the emulator.
///
/// # Errors
/// Fails if the port is in use, or a file cannot be written.
pub async fn run(args: &EmulatorArgs, session: &Session) -> Result<Answer> {
    match &args.command {
        EmulatorCommand::Start(args) if args.background => background::start(session),
        EmulatorCommand::Start(args) => start(args, session).await,
        EmulatorCommand::Stop => background::stop(session).await,
        EmulatorCommand::Reset => {
            session.emulator_store()?.reset()?;
            Ok(Answer::Text(Vec::new()))
        }
    }
}

async fn start(args: &StartArgs, session: &Session) -> Result<Answer> {
    let directory = match &args.cert_dir {
        Some(directory) => directory.clone(),
        None => session.emulator_directory()?.join("tls"),
    };
    let mut store = session.emulator_store()?;
    if let Some(size) = args.fleet {
        store = store.with_fleet(Fleet::new(size));
    }
    // A damaged state is reported now, not in every response.
    store.load()?;
    let options = Options {
        address: Some((args.address, args.port).into()),
        request_log: args.request_log.clone(),
        data_plane: args.data_plane.then(|| DataPlaneOptions {
            link_lifetime: args.link_lifetime,
            faults: args.fault.clone(),
        }),
    };
    let mut server = Server::bind(store, session.env.clock(), options).await?;
    let ca = server.write_ca(&directory)?;
    session
        .streams
        .write_stdout(shown(&instructions(&server, &ca, args.data_plane), session).as_bytes())
        .context("cannot write to standard output")?;
    let stop = background::stopped(args.run_file.as_deref());
    tokio::task::LocalSet::new().run_until(server.serve(stop)).await;
    Ok(Answer::Text(Vec::new()))
}

/// The instructions as they are, or on a terminal with control characters (of a directory's name) made visible.
fn shown(text: &str, session: &Session) -> String {
    if !session.streams.stdout_tty {
        return text.to_owned();
    }
    text.lines().map(|line| visible(line).into_owned() + "\n").collect()
}

/// The commands that make `az` use the emulator, with a separate configuration directory.
fn instructions(server: &Server, ca: &Path, data_plane: bool) -> String {
    let url = server.url();
    // On Windows `canonicalize` returns a path that shells do not understand (`\\\\?\\`).
    let ca = std::path::absolute(ca).unwrap_or_else(|_| ca.to_owned());
    let azure = ca.with_file_name("azure");
    let registries = if data_plane {
        let all = format!("--connect-to ::{}", server.address());
        format!(
            "\
# The registries are served as well; user name and password are 'emulator':
#   curl --cacert '{ca}' {all} https://contoso.azurecr.io/v2/
#   SSL_CERT_FILE='{ca}' az-acr check-endpoints --login-server contoso.azurecr.io {all}
",
            ca = ca.display()
        )
    } else {
        String::new()
    };
    format!(
        "\
# The emulator listens on {url}. Ctrl-C stops it.
{registries}\
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
