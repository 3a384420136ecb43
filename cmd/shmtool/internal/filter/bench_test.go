package filter

import (
	"context"
	"testing"
)

func BenchmarkTrue(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f, err := Compile(ctx, "--where", ".a > 100")
	if err != nil {
		b.Fatal(err)
	}
	doc := []byte(`{"a":12345,"b":"stream","time":1700000000000,"size":4711,"parts":12,"keys":3}`)
	for b.Loop() {
		if _, err := f.True(doc); err != nil {
			b.Fatal(err)
		}
	}
}
