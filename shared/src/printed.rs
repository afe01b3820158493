//! Pages of `docs/` that a test prints from the code; never part of what is deployed.

use std::{env, fs, path::Path};

/// Holds `docs/{file}` to `page`, or rewrites it when `UPDATE_DOCS` is set.
pub(crate) fn assert_printed(file: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(file);
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, page).unwrap();
    }
    // A checkout may have turned the line ends around.
    let kept = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let differs = kept.lines().zip(page.lines()).position(|(kept, printed)| kept != printed);
    assert!(
        kept == page,
        "docs/{file} is not what the code says (from line {}). If the change is meant, run this test \
         again with UPDATE_DOCS=1 and review the difference.",
        differs.unwrap_or(kept.lines().count().min(page.lines().count())) + 1,
    );
}
