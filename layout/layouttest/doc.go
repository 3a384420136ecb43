// Package layouttest loads the golden pages of the project's testdata directory
// for the tests of every package. Their syntax is told in testdata/README.md.
//
// It knows nothing of the format: to it a page is bytes, and what a test expects
// of the page is text.
package layouttest
