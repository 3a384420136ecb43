package mistserver

import (
	"errors"
	"os"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
)

// dataPage is a MstData that a source writes: packets back to back, in a sparse
// file that is never mapped here. A full file system is an error of write(2) so,
// and not a signal.
type dataPage struct {
	object mist.Object
	file   *os.File
	end    int64 // behind the last packet
	packet []byte
}

// createData makes the page. One that has the name already belongs to another process
// else, and is refused: MistServer would use it again, old packets and all.
func createData(p Place, o mist.Object) (*dataPage, error) {
	f, err := p.createFile(o, nil)
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(mist.LiveDataSize); err != nil {
		return nil, errors.Join(named("create", o, err), p.remove(o), f.Close())
	}
	return &dataPage{object: o, file: f}, nil
}

// fits reports whether a packet has room on the page.
func (d *dataPage) fits(p *dtsc.Packet, payload int) bool {
	return d.end+int64(dtsc.PacketSize(p, payload)) <= mist.LiveDataSize
}

// write appends a packet and gives its size. Its first four bytes come last: by
// them readers know that there is a packet.
func (d *dataPage) write(p *dtsc.Packet, payload []byte) (size int, err error) {
	const magic = 4
	d.packet, err = dtsc.AppendPacket(d.packet[:0], p, payload)
	if err != nil {
		return 0, err
	}
	if _, err = d.file.WriteAt(d.packet[magic:], d.end+magic); err == nil {
		_, err = d.file.WriteAt(d.packet[:magic], d.end)
	}
	if err != nil {
		return 0, named("write", d.object, err)
	}
	d.end += int64(len(d.packet))
	return len(d.packet), nil
}

// exists reports whether a name leads to the page still.
func (d *dataPage) exists() (bool, error) {
	info, err := d.file.Stat()
	if err != nil {
		return false, named("stat", d.object, err)
	}
	st, ok := kernel.StatOf(info)
	return ok && st.Links > 0, nil
}

func (d *dataPage) close() error { return d.file.Close() }
