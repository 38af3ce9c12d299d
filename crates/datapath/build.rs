//! Compiles `bpf/datapath.bpf.c` with clang into `OUT_DIR/datapath.bpf.o`.
//!
//! libbpf's headers come with `libbpf-sys`; the kernel's own structs that the C reads are a small
//! subset in `bpf/kernel.h`, relocated when the object is loaded. Nothing else has to be run first.

use std::env;
use std::path::PathBuf;
use std::process::Command;

/// Compilers that are tried in this order, unless `CLANG` names one.
const COMPILERS: [&str; 3] = ["clang-19", "clang", "clang-14"];

fn main() {
    println!("cargo:rerun-if-changed=bpf");
    println!("cargo:rerun-if-env-changed=CLANG");
    let object =
        PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("datapath.bpf.o");
    let headers = env::var("DEP_BPF_INCLUDE").expect("libbpf-sys names its headers");
    println!("cargo:rustc-env=PODWALL_BPF_HEADERS={headers}");
    let mut compile = Command::new(compiler());
    compile
        .args(["-target", "bpf", "-mcpu=v3", "-O2", "-g", "-Wall", "-Wextra", "-Werror"])
        .args(["-Wno-unused-function", "-Wno-missing-declarations"])
        .arg(format!("-I{headers}"))
        .arg(format!("-I/usr/include/{}-linux-gnu", env::consts::ARCH))
        .args(["-c", "bpf/datapath.bpf.c", "-o"])
        .arg(&object);
    match compile.status() {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("clang ended with {status}"),
        Err(error) => panic!("unable to run clang: {error}, hint: install clang-19"),
    }
}

fn compiler() -> String {
    if let Ok(named) = env::var("CLANG") {
        return named;
    }
    let works = |name: &&str| Command::new(name).arg("--version").output().is_ok();
    COMPILERS.into_iter().find(works).unwrap_or(COMPILERS[0]).to_owned()
}
