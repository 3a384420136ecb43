// Package top is the full-screen views: of all pages, and of one. A Sampler looks
// at pages and a Source at one; the models, which are pure, make screens of what
// they saw and of the keys that were pressed; only run.go knows the terminal.
package top
