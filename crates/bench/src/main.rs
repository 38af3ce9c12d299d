//! `podwall-bench NAME [-o json]`: Podwall's cost beside its peers, in one run, as ratios.
//!
//! Figures of different machines are not compared: each row has its floor and its peers from the
//! same run, interleaved, with a noise row that compares the floor with itself.

mod empty;
mod frame;
mod lab;
mod ours;
mod path;
mod peer;
mod policy;
mod program;
mod report;
mod rounds;
mod traffic;

use anyhow::bail;

use crate::report::Form;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (name, form) = match words[..] {
        [name] => (name, Form::Text),
        [name, "-o", "json"] => (name, Form::Json),
        _ => bail!("usage: podwall-bench datapath|policy [-o json]"),
    };
    match name {
        "datapath" => {
            let lab = lab::Lab::new()?;
            program::measure(&lab, form)?;
            path::measure(&lab, form)
        }
        "policy" => policy::measure(form),
        other => bail!("no such bench: `{other}`, hint: `datapath` or `policy`"),
    }
}
