//! The demo alone, without anything that judges: `demo STATE INSTANCE` runs until its input ends.
//! It is its own binary of programs, as `podwall` is.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result};
use podwall_demo::{Demo, Settings};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [first, rest @ ..] if first == "demo-app" => podwall_demo::app::run(rest),
        [state, instance] => {
            let state = PathBuf::from(state);
            let binary = std::env::current_exe()?;
            let demo = Demo::start(&Settings { state, instance: instance.clone(), binary })?;
            println!("running in {}", demo.node_netns.display());
            std::io::stdin().read_to_end(&mut Vec::new())?;
            let undone = demo.stop()?;
            println!("{} things undone, {} left", undone.undone.len(), undone.left.len());
            Ok(())
        }
        _ => None.context("usage: demo STATE INSTANCE"),
    }
}
