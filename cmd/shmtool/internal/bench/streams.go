package bench

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"shmtool/cmd/shmtool/internal/mistserver"
)

const (
	streamCount = 300
	packetCount = 60 // of a track
	frame       = 40 // ms from a packet to the next
	keyEvery    = 25 // packets
)

// trackInfos are the tracks of a stream.
var trackInfos = []mistserver.TrackInfo{
	{ID: 1, Type: "video", Codec: "H264", Width: 320, Height: 180, FPKS: 25_000},
	{ID: 2, Type: "audio", Codec: "AAC", Rate: 48_000, Channels: 2, SampleSize: 16},
	{ID: 3, Type: "meta", Codec: "JSON"},
}

// streams returns a directory with the objects of many streams, made as MistServer makes
// them. A process holds them until the run ends.
func (s *site) streams(ctx context.Context) (string, error) {
	return s.fixture("streams", func(dir string) error {
		c, err := s.start(ctx, part{Role: roleStreams, Page: dir, CPU: -1, Count: streamCount})
		if err == nil {
			s.kept = append(s.kept, c)
		}
		return err
	})
}

// hold makes streams in a directory and keeps them open until ctx ends.
func (p part) hold(ctx context.Context) error {
	var open []any
	for i := range p.Count {
		name := fmt.Sprint("live", i)
		input, err := mistserver.LockInput(mistserver.Place{Dir: p.Page}, name, os.Getpid())
		if err != nil {
			return err
		}
		b, err := mistserver.StartBuffer(mistserver.Place{Dir: p.Page}, name, mistserver.Settings{})
		if err != nil {
			return err
		}
		open = append(open, input, b)
		for _, info := range trackInfos {
			t, err := mistserver.AddTrack(ctx, mistserver.Place{Dir: p.Page}, name, info)
			if err != nil {
				return err
			}
			if err := send(t); err != nil {
				return err
			}
			open = append(open, t)
		}
	}
	ready()
	<-ctx.Done()
	runtime.KeepAlive(open)
	return nil
}

func send(t *mistserver.Track) error {
	for i := range packetCount {
		err := t.Write(mistserver.Packet{Time: uint64(i) * frame, Key: i%keyEvery == 0, Payload: []byte(text)})
		if err != nil {
			return err
		}
	}
	return nil
}
