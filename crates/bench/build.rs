//! Compiles `bpf/empty.bpf.c`, the floor that every cost is measured over.

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=bpf");
    let object =
        PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("empty.bpf.o");
    let headers = env::var("DEP_BPF_INCLUDE").expect("libbpf-sys names its headers");
    let status = Command::new(env::var("CLANG").unwrap_or_else(|_| "clang-19".to_owned()))
        .args(["-target", "bpf", "-mcpu=v3", "-O2", "-g", "-Wall", "-Werror"])
        .arg(format!("-I{headers}"))
        .arg(format!("-I/usr/include/{}-linux-gnu", env::consts::ARCH))
        .args(["-c", "bpf/empty.bpf.c", "-o"])
        .arg(&object)
        .status()
        .expect("clang runs, hint: install clang-19");
    assert!(status.success(), "clang ended with {status}");
}
