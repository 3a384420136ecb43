package kernel

import "time"

// Moment is one time by two clocks: Go's, and Uptime.
type Moment struct {
	At     time.Time
	Uptime time.Duration
}

// Now reads both clocks. A process may have to wait between two steps, for longer than what
// is measured by them takes: Now reads again until both took no longer than within, or some
// times.
func Now(within time.Duration) (Moment, error) { return closest(within, time.Now, Uptime) }

const attempts = 20

// closest returns the reading for which the clocks were read closest to each other.
func closest(within time.Duration, now func() time.Time, uptime func() (time.Duration, error)) (Moment, error) {
	var best Moment
	least := time.Duration(-1)
	for range attempts {
		before := now()
		up, err := uptime()
		if err != nil {
			return Moment{At: before}, err
		}
		took := now().Sub(before)
		if least < 0 || took < least {
			best, least = Moment{before.Add(took / 2), up}, took
		}
		if least <= within {
			break
		}
	}
	return best, nil
}
