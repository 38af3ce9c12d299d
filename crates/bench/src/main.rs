//! `podwall-bench NAME [-o json]`: Podwall's cost beside its peers, in one run, as ratios.
//!
//! Figures of different machines are not compared: each row has its floor and its peers from the
//! same run, interleaved, with a noise row that compares the floor with itself.

mod cilium;
mod cold;
mod empty;
mod engine;
mod frame;
mod growth;
mod lab;
mod ours;
mod path;
mod peer;
mod policy;
mod program;
mod report;
mod requests;
mod rounds;
mod slope;
mod standing;
mod traffic;

use anyhow::bail;

use crate::report::Form;

const USAGE: &str = "usage: podwall-bench datapath|program|path|policy [--with cilium] [-o json]";

/// Peers that take long to build, measured only when asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum With {
    /// Those that the machine has.
    Nobody,
    /// Cilium, from its Go module.
    Cilium,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some((&name, mut options)) = words.split_first() else { bail!(USAGE) };
    if let ["alone", shape] = words.as_slice() {
        return policy::alone(shape);
    }
    let (mut form, mut with) = (Form::Text, With::Nobody);
    loop {
        options = match options {
            [] => break,
            ["-o", "json", rest @ ..] => {
                form = Form::Json;
                rest
            }
            ["--with", "cilium", rest @ ..] => {
                with = With::Cilium;
                rest
            }
            _ => bail!(USAGE),
        }
    }
    match name {
        "datapath" => {
            let lab = lab::Lab::new()?;
            // It is built before anything is pinned to one processor and one namespace.
            let cilium = match with {
                With::Nobody => None,
                With::Cilium => Some(cilium::load()?),
            };
            programs(&lab, form)?;
            if let Some(lxc) = cilium {
                cilium::measure(&lab, lxc, form)?;
            }
            path::measure(&lab, form)
        }
        "program" => programs(&lab::Lab::new()?, form),
        "path" => path::measure(&lab::Lab::new()?, form),
        "policy" => {
            policy::measure(form)?;
            standing::measure(form)?;
            growth::measure(form)?;
            if with == With::Cilium {
                engine::measure(form)?;
            }
            requests::measure(form)
        }
        other => {
            bail!("no such bench: `{other}`, hint: `datapath` (`program`, `path`) or `policy`")
        }
    }
}

fn programs(lab: &lab::Lab, form: Form) -> anyhow::Result<()> {
    program::measure(lab, form)?;
    cold::measure(lab, form)?;
    slope::measure(lab, form)
}
