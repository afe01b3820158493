//! Pages of `docs/` that a test prints from the code. Compiled for tests only.

use std::{env, fs, path::Path};

/// Asserts that `docs/{file}` equals `page`. With `UPDATE_DOCS` set, writes the page first.
pub(crate) fn assert_printed(file: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(file);
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, page).unwrap();
    }
    // Git may check files out with CRLF line ends.
    let stored = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let differs = stored.lines().zip(page.lines()).position(|(stored, printed)| stored != printed);
    assert!(
        stored == page,
        "docs/{file} is out of date from line {} on. If the change is intended, run this test again \
         with UPDATE_DOCS=1 and review the difference.",
        differs.unwrap_or(stored.lines().count().min(page.lines().count())) + 1,
    );
}
