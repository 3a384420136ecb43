package dtsc_test

import (
	"bytes"
	"fmt"
	"log"

	"shmtool/layout/dtsc"
)

// A stream's configuration, as it lies in the field dtsc_data of its MstSCnf page.
func Example() {
	packed, err := dtsc.Pack(nil, []byte(`{"source": "push://", "DVR": 50000}`))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(packed), "bytes")

	if source, ok := dtsc.Lookup(packed, "source"); ok {
		fmt.Println("from", source)
	}
	text, err := dtsc.AppendJSON(nil, packed)
	fmt.Println(string(text), err)
	// Output:
	// 38 bytes
	// from push://
	// {"DVR":50000,"source":"push://"} <nil>
}

func ExampleDecode() {
	packed, err := dtsc.Pack(nil, []byte(`{"name":"live","processes":[{"process":"AV","x-LSP-kind":"video"},{"process":"Thumbs"}]}`))
	if err != nil {
		log.Fatal(err)
	}
	config, err := dtsc.Decode(packed)
	if err != nil {
		log.Fatal(err)
	}
	for name, member := range config.Members() {
		fmt.Println(name, "is of kind", member.Kind())
	}
	processes, _ := config.Lookup("processes")
	for p := range processes.Elements() {
		kind, _ := p.Lookup("process")
		fmt.Println(kind)
	}

	_, err = dtsc.Decode(packed[:40])
	fmt.Println(err)
	// Output:
	// name is of kind string
	// processes is of kind array
	// AV
	// Thumbs
	// byte 38: string runs past the end, size: 5
}

func ExamplePack() {
	for _, text := range []string{`{"DVR":50000,}`, `{"processes":[{"rate":18446744073709551615}]}`, `{"a":1,"a":2}`} {
		_, err := dtsc.Pack(nil, []byte(text))
		fmt.Println(err)
	}
	// Output:
	// byte 13: not JSON: invalid character '}' looking for beginning of object key string
	// byte 22, /processes/0/rate: number is out of the range of 64 bits with a sign: 18446744073709551615
	// byte 7: name comes twice: a
}

// MistServer 3.10 writes half of a double: it is shown with its bytes.
func ExampleAppendJSON() {
	for _, packed := range []string{
		"\x04\x3f\xb9\x99\x99\x99\x99\x99\x9a",
		"\x04\x00\x00\x00\x00\x99\x99\x99\x9a",
		"\x02\x00\x00\x00\x02\xff\xfe",
	} {
		text, err := dtsc.AppendJSON(nil, []byte(packed))
		fmt.Println(string(text), err)
	}
	// Output:
	// 0.1 <nil>
	// {"double":1.273197475e-314,"hex":"000000009999999a"} <nil>
	// {"hex":"fffe"} <nil>
}

func ExampleAppendJSONFunc() {
	packed, err := dtsc.Pack(nil, []byte(`{"key":"s3cret","source":"push://"}`))
	if err != nil {
		log.Fatal(err)
	}
	text, err := dtsc.AppendJSONFunc(nil, packed, func(name, value []byte) []byte {
		if bytes.Equal(name, []byte("key")) {
			return []byte("***")
		}
		return value
	})
	fmt.Println(string(text), err)
	// Output:
	// {"key":"***","source":"push://"} <nil>
}

func ExamplePieces() {
	packed := []byte("\xe0\x00\x03DVR\x01\x00\x00\x00\x00\x00\x00\xc3\x50\x00\x04name\x17")
	for p, err := range dtsc.Pieces(packed) {
		if err != nil {
			fmt.Println("from byte", p.Offset, "on no value:", err)
			break
		}
		fmt.Printf("%2d to %2d, depth %d: %s %q\n", p.Offset, p.End, p.Depth, p.Kind, p.Name)
	}
	// Output:
	// 0 to  1, depth 0: object ""
	//  1 to 15, depth 1: integer "DVR"
	// from byte 15 on no value: byte 21: no such kind of value: 0x17
}

func ExamplePackets() {
	page, err := dtsc.AppendPacket(nil, &dtsc.Packet{Track: 1, Time: 1280, Key: true}, []byte("a frame"))
	if err != nil {
		log.Fatal(err)
	}
	page, err = dtsc.AppendPacket(page, &dtsc.Packet{Track: 1, Time: 1320, PacketOffset: 80}, []byte("another"))
	if err != nil {
		log.Fatal(err)
	}
	page = append(page, make([]byte, 64)...) // of the page, nothing more is written yet
	for p, err := range dtsc.Packets(page) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("byte %d: %d bytes, %d ms, key %v: %s\n", p.Offset, p.Size, p.Time, p.Key, p.Payload(page))
	}
	// Output:
	// byte 0: 61 bytes, 1280 ms, key true: a frame
	// byte 61: 59 bytes, 1320 ms, key false: another
}

func ExamplePushList() {
	page, err := dtsc.AppendPushList(nil, []dtsc.Push{{PID: 4660, Stream: "live", Original: "rtmp://host/$stream", Final: "rtmp://host/live"}})
	if err != nil {
		log.Fatal(err)
	}
	for p, err := range dtsc.PushList(page) {
		fmt.Println(p.PID, p.Stream, p.Final, err)
	}
	// Output:
	// 4660 live rtmp://host/live <nil>
}
