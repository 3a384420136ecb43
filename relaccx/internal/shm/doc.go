// Package shm is the one room in which mapped memory is touched: mapping,
// single loads and stores that other processes see whole, sleeping and waking
// on a page's counter, faults of a page that was cut short, and locks.
//
// Everything above it speaks of pages and records; everything unsafe is here.
package shm
