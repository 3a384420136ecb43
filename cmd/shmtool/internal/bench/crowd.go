package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// crowds returns those of many readers, and of a reader that cannot keep up.
func crowds() []*Benchmark {
	return []*Benchmark{
		{Name: "followers_0_1000", Unit: "ns/record", Method: "append while another process follows the page 1000 times; the note has the cost without them", round: followers},
		{Name: "loss_at_rate", Unit: "% lost", Method: "records that a follower loses at 1,000,000 a second, on a ring of 1000; the note has other rates", round: losses},
	}
}

const crowd = 1000 // followers

// followers measures the cost of appending without followers, and with many.
func followers(ctx context.Context, s *site) (_ []*sample, err error) {
	dir, err := os.MkdirTemp(s.files, "followers-")
	if err != nil {
		return nil, err
	}
	w, err := openAppend(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close(), os.RemoveAll(dir)) }()
	alone, many := &sample{}, &sample{}
	if err := alone.work(ctx, w, s.slice/2); err != nil {
		return nil, err
	}
	c, err := s.start(ctx, part{Role: roleFollowers, Page: filepath.Join(dir, "page"), CPU: s.readerCPU(), Count: crowd})
	if err != nil {
		return nil, err
	}
	err = many.work(ctx, w, s.slice/2)
	a, endErr := c.end()
	if err = errors.Join(err, endErr); err != nil {
		return nil, err
	}
	many.note = fmt.Sprintf("without followers: %.1f ns; the followers used %.0f %% of a core", quantile(alone.costs, 0), a.CPU)
	return []*sample{many}, nil
}

// losses measures what a follower loses at several rates.
func losses(ctx context.Context, s *site) ([]*sample, error) {
	all := &sample{note: "lost at"}
	rates := []int{10_000, 100_000, 1_000_000}
	for _, rate := range rates {
		wrote, read, err := s.pair(ctx, part{Role: roleFlood, Count: rate}, part{Role: roleReader}, s.slice/2)
		if err != nil {
			return nil, err
		}
		lost := lostOf(wrote, read)
		share := 100 * float64(lost) / float64(max(1, wrote.Written))
		all.note += fmt.Sprintf(" %d/s: %.3g %%,", rate, share)
		all.n, all.lost, all.cpu, all.direct = wrote.Written, lost, read.CPU, []float64{share}
	}
	all.note = all.note[:len(all.note)-1]
	return []*sample{all}, nil
}
