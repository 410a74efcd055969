//! Makes the program start faster on Linux: lays the functions of common commands side by side, so that a start touches fewer
//! pages, and links gcc's unwinder into the program.

use std::env::var;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=packaging/order.ld");
    let is_set = |name: &str, value: &str| var(name).is_ok_and(|set| set == value);
    if is_set("PROFILE", "release")
        && is_set("CARGO_CFG_TARGET_OS", "linux")
        && is_set("CARGO_CFG_TARGET_ENV", "gnu")
    {
        lay_out();
        link_unwinder();
    }
}

/// Passes on the order of functions, which `tests/bench/order.py` writes.
fn lay_out() {
    let flags = var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    // The list has symbols of this mangling, which .cargo/config.toml asks for. mold does not read linker scripts.
    if flags.contains("symbol-mangling-version=v0") && !flags.contains("mold") {
        let root = var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{root}/packaging/order.ld");
    }
}

/// Loading libgcc_s takes 0.1 ms of every start. Rust's library asks the linker for it by name, so a script of that name leads
/// to the archive instead. Only with the system's own compiler: others (zig) bring their own unwinder.
fn link_unwinder() {
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    if var("RUSTC_LINKER").is_ok() || var("TARGET").ok() != var("HOST").ok() {
        return;
    }
    let found = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output();
    let archive = found.map(|found| String::from_utf8_lossy(&found.stdout).trim().to_owned());
    let (Ok(archive), Ok(directory)) = (archive, var("OUT_DIR")) else { return };
    // Without the archive, the answer is the bare name.
    if !Path::new(&archive).is_absolute() {
        return;
    }
    let script = format!("INPUT(\"{archive}\" -lgcc)\n");
    if std::fs::write(Path::new(&directory).join("libgcc_s.so"), script).is_ok() {
        println!("cargo::rustc-link-arg-bins=-L{directory}");
    }
}
