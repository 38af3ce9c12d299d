//! Every case of `specs/`, put to the kernel: the programs run on frames that nobody sent, over
//! maps that `apply` wrote, with the change of every counter compared. Needs root.

#[expect(dead_code, reason = "the packet tests make more kinds of frames")]
#[path = "../packet/frame.rs"]
mod frame;
mod kernel;
mod random;

use std::path::Path;

use podwall_testkit::spec::{Report, read_folder, read_world, run};

use crate::kernel::Kernel;

/// The folders of cases, each with the world of those that name none.
const FOLDERS: [&str; 3] = ["specs", "specs/tiers", "specs/kubernetes"];

#[test]
fn the_kernel_says_the_same_in_every_case() {
    let mut report = Report::default();
    let mut packets = 0;
    for folder in FOLDERS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
        let world = read_world(&folder.join("world.yaml")).unwrap_or_else(|e| panic!("{e}"));
        let specs = read_folder(&folder, &["world.yaml"], &world).expect("the cases can be read");
        let mut kernel = Kernel::new(16);
        for spec in &specs {
            report.add(run(spec, &mut kernel));
        }
        packets += kernel.packets;
    }
    let failures: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
    let others = ["what a node itself sends and gets", "what is asked in a connection"];
    report.unfit.retain(|why| !others.iter().any(|other| why.ends_with(other)));
    assert_eq!(report.unfit, Vec::<String>::new(), "the kernel can judge everything else");
    assert!(packets > 700, "only {packets} packets were judged");
}
