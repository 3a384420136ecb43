// Package dtsc says what MistServer's DTSC bytes mean: the packed values of
// configuration pages, the packets of data pages, and the list of pushes, which
// is packed in a way of its own.
//
// A value is an integer, string, null, double, array or object. [Decode] proves
// that a value is whole and gives a [Value] to look into, [Lookup] finds one
// member, [Pieces] walks over every byte, [AppendJSON] and [Pack] lead to JSON
// and back. [NextPacket] and [Packets] read a data page, [AppendPacket] writes
// what MistServer writes, and [PushList] reads the pushes.
//
// It is pure: no I/O, no clock, nothing kept but slices of what the caller
// gave. Bytes are never trusted: sizes are bounded by the bytes that are there,
// containers nest [MaxDepth] deep, and what is wrong is a *[FormatError] that
// names the byte. Nothing here is changed by reading, so all of it may be used
// concurrently.
//
// # JSON of a value
//
//   - Members stand in page order. When several members have the same name, the last one
//     is shown, which MistServer takes.
//   - Integers are exact over all 64 bits. A boolean is an integer on a page: 1
//     or 0.
//   - A double always has a fraction or an exponent, 2.0 or 1e+21, and is the
//     shortest that gives the same double. MistServer 3.10 writes only the low
//     half of a double, behind four zero bytes. A double that begins with four
//     zero bytes is therefore shown with its bytes,
//     {"double":1.273197475e-314,"hex":"000000009999999a"}, and so is what JSON
//     has no number for: {"double":null,"hex":"7ff0000000000000"}.
//   - A string that is not UTF-8 is {"hex":"…"}. So is every string that is a
//     member named hex, which keeps objects on a page from being taken for such
//     a string or double.
//   - A name that is not UTF-8, or begins with hex:, is "hex:" and digits.
//   - Bytes after the value are ignored: a field may be longer.
//
// Pack takes all of that back. It writes what MistServer would: objects as 0xE0
// with their members sorted, whole numbers and booleans as integers, numbers
// with a fraction or an exponent as doubles with all their bytes. For a value
// packed like that Pack(AppendJSON(v)) is v, byte for byte, and AppendJSON of
// it is the canonical text for which AppendJSON(Pack(t)) is t.
//
// The facts are those of relaccx(5), DTSC, Data pages and Pushes.
package dtsc
