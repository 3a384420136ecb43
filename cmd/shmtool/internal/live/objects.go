package live

import (
	"os"
	"slices"

	"shmtool/layout/mist"
)

// removalOrder is the order in which the kinds of a stream's objects go: what
// is referred to before what refers to it, and the locks after all that they guard.
var removalOrder = []mist.Kind{
	mist.KindData, mist.KindTrack, mist.KindMeta, mist.KindUsers, mist.KindState,
	mist.KindInputPID, mist.KindPullPID, mist.KindSemaphore, mist.KindConfig,
}

// Objects are the names of all objects of a stream in the place, in the order in
// which they are to be removed: data, tracks, meta, users, state and PIDs,
// semaphores, configuration.
func Objects(p Place, stream string) ([]string, error) {
	entries, err := os.ReadDir(p.Dir)
	if err != nil {
		return nil, err
	}
	var found []mist.Object
	for _, e := range entries {
		o, ok := mist.ParseName(e.Name())
		if ok && o.Stream == stream && slices.Contains(removalOrder, o.Kind) {
			found = append(found, o)
		}
	}
	slices.SortStableFunc(found, func(a, b mist.Object) int {
		if by := slices.Index(removalOrder, a.Kind) - slices.Index(removalOrder, b.Kind); by != 0 {
			return by
		}
		return mist.Compare(a, b)
	})
	names := make([]string, len(found))
	for i, o := range found {
		names[i] = o.Name()
	}
	return names, nil
}
