package filter

import (
	"math/big"
	"slices"
	"strconv"
)

// appendAny appends a result of gojq as gojq.Marshal has it, into memory that is there.
func appendAny(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case *big.Int:
		return v.Append(b, 10)
	case string:
		return appendQuoted(b, v)
	case []any:
		b = append(b, '[')
		for i, element := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendAny(b, element)
		}
		return append(b, ']')
	case map[string]any:
		return appendMap(b, v)
	}
	return appendMarshaled(b, v)
}

func appendMap(b []byte, m map[string]any) []byte {
	keys := make([]string, 0, 16)
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	b = append(b, '{')
	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendAny(append(appendQuoted(b, key), ':'), m[key])
	}
	return append(b, '}')
}
