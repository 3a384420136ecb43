// Package dump renders pages and records as text: tables, JSON, NDJSON, CSV,
// annotated hex, the text of MistServer's own tool, and the schema form that
// makes the same page again; and it reads records back from NDJSON, CSV and
// TSV.
//
// One view of a page feeds every rendering, so that no format says more than another. The
// output of a rendering is an exact contract: scripts parse it. The rules, once and for
// all:
//
//   - JSON has integers as exact numbers over the whole 64-bit range, keys in
//     page order, "#" for a record's number, and {"hex":"…"} for raw bytes and
//     for strings that are not UTF-8. A field's JSON type follows from its type
//     alone, with that one exception. A packed value is plain JSON.
//   - What is known of a page, Options.Page, adds what values mean: beside them in
//     tables and hex, as a last key "#decoded" in JSON. It never changes a value.
//   - Secrets are *** everywhere, unless Options.ShowSecrets, but in Rax; what is
//     hidden so is not read back.
//   - Text that goes to a terminal never holds a control character of a page:
//     tables and hex escape them as Go does.
//   - Nothing is cut but table cells that do not fit a terminal's width.
//   - A write error ends a rendering at once and is returned as it was.
//
// Renderers take bytes that may be changing under them only where their
// documentation says so (Rax and Hex); everything else works on records, which
// are proven copies.
package dump
