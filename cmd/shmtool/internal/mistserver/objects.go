package mistserver

import (
	"os"
	"slices"

	"shmtool/layout/mist"
)

// Objects returns the names of all objects of a stream in the place, in the order
// in which they are to be removed (mist.CompareRemoval).
func Objects(p Place, stream string) ([]string, error) {
	entries, err := os.ReadDir(p.Dir)
	if err != nil {
		return nil, err
	}
	var found []mist.Object
	for _, e := range entries {
		o, ok := mist.ParseName(e.Name())
		if ok && o.Stream == stream && o.Kind.BelongsToStream() {
			found = append(found, o)
		}
	}
	slices.SortFunc(found, mist.CompareRemoval)
	names := make([]string, len(found))
	for i, o := range found {
		names[i] = o.Name()
	}
	return names, nil
}
