//! `podwall test` on a folder of thousands of files, in folders of folders, one of them not as
//! expected.

use super::{Desk, POLICY, WORLD, check};

/// Files below the folder.
const FILES: usize = 3_000;
/// The file that expects another thing.
const ODD: usize = 1_717;

#[test]
fn a_folder_of_thousands_of_files_is_tested_file_by_file() {
    let desk = Desk::new("thousands");
    let world = desk.write("world.yaml", WORLD);
    desk.write("policies/db.yaml", POLICY);
    for number in 0..FILES {
        let expect = if number == ODD { "DROP" } else { "ALLOW" };
        desk.write(
            &format!("tests/{}/{number}.yaml", number % 50),
            &format!(
                "apiVersion: podwall.io/v1\nkind: PolicyTest\nmetadata: {{name: case {number}}}\n\
                 tests: [{{from: shop/web, to: data/db, port: 5432/TCP, expect: {expect}}}]\n"
            ),
        );
    }
    let words = ["test", "--world", &world, "--policies", "policies", "tests"];
    let told = check(&desk, &words, 1);
    assert!(told.contains("3000 tests in 3000 cases: 2999 as expected, 1 not\n"), "{told}");
    assert!(told.contains(&format!("tests/{}/{ODD}.yaml:4: case {ODD}", ODD % 50)), "{told}");
    assert_eq!(told.matches("expected DROP").count(), 1, "{told}");
}
