//! Every case of `specs/`, put to the judge and to the tables.

use std::path::Path;

use podwall_testkit::spec::{
    Judge, Report, Spec, Tables, Witness, read_folder, read_text, read_world, run,
};

/// The folders of cases, each with the world of those that name none.
const FOLDERS: [&str; 3] = ["specs", "specs/tiers", "specs/kubernetes"];

fn specs() -> Vec<Spec> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |folder: &str| {
        let folder = root.join(folder);
        let world = read_world(&folder.join("world.yaml")).unwrap_or_else(|e| panic!("{e}"));
        read_folder(&folder, &["world.yaml"], &world).unwrap_or_else(|error| panic!("{error}"))
    };
    FOLDERS.into_iter().flat_map(read).collect()
}

/// Runs every case before a witness; nothing may come out otherwise than expected.
fn check(witness: impl Fn() -> Box<dyn Witness>) -> Report {
    let mut report = Report::default();
    for spec in specs() {
        report.add(run(&spec, witness().as_mut()));
    }
    let failures: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
    assert!(report.judged > 400, "only {} flows and documents were judged", report.judged);
    report
}

#[test]
fn every_case_is_judged_as_expected() {
    let report = check(|| Box::new(Judge));
    assert_eq!(report.unfit, Vec::<String>::new(), "the judge can judge everything");
}

#[test]
fn tables_say_the_same_in_every_case() {
    let report = check(|| Box::new(Tables::default()));
    assert_eq!(report.unfit, Vec::<String>::new(), "tables can judge everything");
}

/// Upstream's own scenarios, by name: none is without its case.
#[test]
fn every_scenario_of_upstream_has_a_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    let names: Vec<String> = specs().into_iter().map(|spec| spec.name).collect();
    for (folder, count) in [("kubernetes", 48), ("tiers", 44)] {
        let list = std::fs::read_to_string(root.join(folder).join("scenarios.txt")).unwrap();
        let scenarios = list.lines().filter(|line| !line.starts_with('#'));
        let lacking: Vec<&str> = scenarios
            .clone()
            .filter(|scenario| !names.iter().any(|name| name.starts_with(scenario)))
            .collect();
        assert_eq!((scenarios.count(), lacking), (count, Vec::new()), "{folder}");
    }
}

/// A case that expects the wrong thing fails, and says why.
#[test]
fn a_wrong_expectation_is_seen() {
    let text = "
apiVersion: podwall.io/v1
kind: PolicyTest
metadata: {name: wrong}
world: {pods: [{name: a, ips: [10.0.0.1]}, {name: b, ips: [10.0.0.2]}]}
tests:
- {from: default/a, to: default/b, port: 80/TCP, expect: DROP}
- {from: default/a, to: default/b, port: 80/TCP, expect: ALLOW, rule: nowhere/p}
invalid:
- inline: |
    apiVersion: cilium.io/v2
    kind: CiliumNetworkPolicy
    metadata: {name: p}
    spec: {endpointSelector: {}, ingress: [{}]}
  code: PW0101
";
    let specs = read_text(text, Path::new("wrong.yaml"), &Default::default()).unwrap();
    let report = run(&specs[0], &mut Judge);
    let got: Vec<&str> = report.failures.iter().map(|failure| failure.got.as_str()).collect();
    assert_eq!(got, ["ALLOW", "no policy of that name", "it is accepted"]);
    assert_eq!(report.failures[0].place, "wrong.yaml:7");
}

#[test]
fn a_misspelt_word_is_an_error_with_its_place() {
    let text = "
apiVersion: podwall.io/v1
kind: PolicyTest
metadata: {name: wrong}
tests:
- {from: d/a, to: d/b, prot: 80/TCP, expect: DROP}
";
    let error = read_text(text, Path::new("wrong.yaml"), &Default::default()).unwrap_err();
    assert_eq!(error.line, 6, "{error}");
    for (field, said) in [
        ("options: {cidrMatch: [world]}", "neither nodes nor pods: `world`"),
        ("tests: [{from: d/a, to: d/b, port: 80/TCP, http: {pth: /}, expect: L7-OK}]", "`pth`"),
        ("tests: [{from: d/a, to: d/b, port: 80/TCP, expect: REFUSE}]", "`REFUSE`"),
    ] {
        let text = format!(
            "apiVersion: podwall.io/v1\nkind: PolicyTest\nmetadata: {{name: w}}\n{field}\n"
        );
        let error = read_text(&text, Path::new("wrong.yaml"), &Default::default()).unwrap_err();
        assert!(error.message.contains(said), "{error}");
    }
}
