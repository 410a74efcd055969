//! Tells the linker to lay the functions of common commands side by side, so that a start touches fewer pages.
//! `tests/bench/order.py` writes the list.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=packaging/order.ld");
    let flags = var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let is_set = |name: &str, value: &str| var(name).is_ok_and(|set| set == value);
    // The list has symbols of this mangling, which .cargo/config.toml asks for. mold does not read linker scripts.
    if is_set("PROFILE", "release")
        && is_set("CARGO_CFG_TARGET_OS", "linux")
        && is_set("CARGO_CFG_TARGET_ENV", "gnu")
        && flags.contains("symbol-mangling-version=v0")
        && !flags.contains("mold")
    {
        let root = var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{root}/packaging/order.ld");
    }
}
