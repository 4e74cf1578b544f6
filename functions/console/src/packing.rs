//! Reads the built files, compresses each once, and writes the Rust that embeds them. Part of the build script.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// The page itself; everything else is a file beside it.
const PAGE: &str = "index.html";

/// Compressed files, named by their content: what has not changed is not compressed again.
const CACHE: &str = "packed";

/// The source of a `Site` with the files of a folder; what it embeds is put into `out`.
///
/// # Errors
/// When a file cannot be read or written, or there is no page.
pub fn pack(folder: &Path, out: &Path) -> io::Result<String> {
    fs::create_dir_all(out.join(CACHE))?;
    let page = fs::read_to_string(folder.join(PAGE))?;
    let mut source = String::from("/// The console's files, as they were built.\npub static SITE: Site = Site {\n");
    let _ = writeln!(source, "    page: {page:?},\n    tag: {:?},\n    files: &[", tag(page.as_bytes()));
    for path in files(folder)? {
        let name = path.strip_prefix(folder).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
        // Source maps are for those who have the source.
        if name == PAGE || name.ends_with(".map") {
            continue;
        }
        let content = fs::read(&path)?;
        let (kind, is_text) = kind(&name);
        let body = if is_text { packed(&content, out)? } else { as_it_is(&content, out)? };
        let tag = tag(&content);
        let _ = writeln!(source, "        File {{ path: {name:?}, kind: {kind:?}, tag: {tag:?}, body: {body} }},");
    }
    source.push_str("    ],\n};\n");
    Ok(source)
}

/// Every file below a folder, in one order.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            // Vite's own notes, and whatever else hides.
            if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The media type by the file's name, and whether compressing pays.
fn kind(name: &str) -> (&'static str, bool) {
    match name.rsplit('.').next().unwrap_or_default() {
        "js" | "mjs" => ("text/javascript; charset=utf-8", true),
        "css" => ("text/css; charset=utf-8", true),
        "html" => ("text/html; charset=utf-8", true),
        "json" => ("application/json", true),
        "webmanifest" => ("application/manifest+json", true),
        "svg" => ("image/svg+xml", true),
        "txt" => ("text/plain; charset=utf-8", true),
        "wasm" => ("application/wasm", true),
        "png" => ("image/png", false),
        "jpg" | "jpeg" => ("image/jpeg", false),
        "webp" => ("image/webp", false),
        "avif" => ("image/avif", false),
        "ico" => ("image/x-icon", true),
        "woff2" => ("font/woff2", false),
        _ => ("application/octet-stream", false),
    }
}

fn packed(content: &[u8], out: &Path) -> io::Result<String> {
    let brotli = cached(content, out, "br", |content| {
        let mut packed = Vec::new();
        let settings = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
        brotli::BrotliCompress(&mut &content[..], &mut packed, &settings)?;
        Ok(packed)
    })?;
    let gzip = cached(content, out, "gz", |content| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(content)?;
        packer.finish()
    })?;
    Ok(format!("Body::Packed {{ brotli: include_bytes!({brotli:?}), gzip: include_bytes!({gzip:?}) }}"))
}

fn as_it_is(content: &[u8], out: &Path) -> io::Result<String> {
    let file = cached(content, out, "bin", |content| Ok(content.to_vec()))?;
    Ok(format!("Body::AsIs(include_bytes!({file:?}))"))
}

/// Where the packed form of a content is, seen from the generated source; it is made if it is not there.
fn cached(
    content: &[u8],
    out: &Path,
    form: &str,
    pack: impl FnOnce(&[u8]) -> io::Result<Vec<u8>>,
) -> io::Result<String> {
    let name = format!("{CACHE}/{}.{form}", tag(content));
    let path = out.join(&name);
    if !path.exists() {
        // Whole or not at all: a build may be broken off.
        let partial = path.with_extension("partial");
        fs::write(&partial, pack(content)?)?;
        fs::rename(&partial, &path)?;
    }
    Ok(name)
}

/// Names a content.
fn tag(content: &[u8]) -> String {
    Sha256::digest(content).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn write(folder: &Path, name: &str, content: &[u8]) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    #[test]
    fn text_is_packed_and_maps_are_left_out() {
        let (dist, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let script = "console.log('äöü');\n".repeat(500);
        write(dist.path(), "index.html", b"<!doctype html>\"quoted\"");
        write(dist.path(), "assets/app-Ab12Cd34.js", script.as_bytes());
        write(dist.path(), "assets/app-Ab12Cd34.js.map", b"{}");
        write(dist.path(), ".vite/manifest.json", b"{}");
        write(dist.path(), "logo.png", &[0x89, b'P', b'N', b'G']);
        let source = pack(dist.path(), out.path()).unwrap();
        assert!(source.contains(r#"page: "<!doctype html>\"quoted\"""#), "{source}");
        assert!(
            source.contains(r#"path: "assets/app-Ab12Cd34.js", kind: "text/javascript; charset=utf-8""#),
            "{source}"
        );
        assert!(source.contains(r#"path: "logo.png", kind: "image/png""#) && source.contains("Body::AsIs"), "{source}");
        assert!(!source.contains(".map") && !source.contains("manifest"), "{source}");

        let packed =
            |form: &str| fs::read(out.path().join(format!("packed/{}.{form}", tag(script.as_bytes())))).unwrap();
        let (brotli, gzip) = (packed("br"), packed("gz"));
        assert!(brotli.len() < 200 && gzip.len() < 200);
        let mut text = String::new();
        flate2::read::GzDecoder::new(&gzip[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, script);
        let mut bytes = Vec::new();
        brotli::BrotliDecompress(&mut &brotli[..], &mut bytes).unwrap();
        assert_eq!(bytes, script.as_bytes());
    }

    #[test]
    fn what_has_not_changed_is_not_packed_again() {
        let (dist, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(dist.path(), "index.html", b"x");
        write(dist.path(), "a.css", b"body {}");
        let first = pack(dist.path(), out.path()).unwrap();
        let kept = out.path().join(format!("packed/{}.br", tag(b"body {}")));
        fs::write(&kept, b"seen").unwrap();
        assert_eq!(pack(dist.path(), out.path()).unwrap(), first);
        assert_eq!(fs::read(&kept).unwrap(), b"seen");
        write(dist.path(), "a.css", b"body { margin: 0 }");
        assert_ne!(pack(dist.path(), out.path()).unwrap(), first);
    }

    #[test]
    fn a_folder_without_a_page_is_refused() {
        let (dist, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        assert!(pack(dist.path(), out.path()).is_err());
    }
}
