// Package mist says what MistServer calls the objects that it puts into shared
// memory. It is pure: names in, meanings out.
package mist
