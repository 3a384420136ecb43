package dump

import (
	"strings"
	"testing"
)

func TestDecodeValues(t *testing.T) {
	long := strings.Repeat("x", 70)
	for _, c := range []struct{ field, value, want string }{
		{"uint8", `255`, `255`},
		{"uint8", `256`, `value 256 is out of range, 0 to 255`},
		{"uint8", `-1`, `value -1 is negative, the field is unsigned`},
		{"uint8", `-0`, `0`},
		{"uint24", `16777215`, `16777215`},
		{"uint64", `18446744073709551615`, `18446744073709551615`},
		{"uint64", `18446744073709551616`, `value 18446744073709551616 is out of range, 0 to 18446744073709551615`},
		{"int64", `-9223372036854775808`, `-9223372036854775808`},
		{"int64", `-9223372036854775809`, `value -9223372036854775809 is out of range, -9223372036854775808 to 9223372036854775807`},
		{"int64", `9223372036854775808`, `value 9223372036854775808 is out of range, -9223372036854775808 to 9223372036854775807`},
		{"int24", `-8388608`, `-8388608`},
		{"int8", `-129`, `value -129 is out of range, -128 to 127`},
		{"uint64", `9007199254740993`, `9007199254740993`},
		{"uint8", `1.5`, `value 1.5 has a fraction or an exponent, the field is an integer`},
		{"uint8", `1.0`, `value 1.0 has a fraction or an exponent, the field is an integer`},
		{"int32", `1e3`, `value 1e3 has a fraction or an exponent, the field is an integer`},
		{"int32", `1E3`, `value 1E3 has a fraction or an exponent, the field is an integer`},
		{"uint64", `"18446744073709551615"`, `18446744073709551615`},
		{"int64", `"-5"`, `-5`},
		{"uint8", `"0x7f"`, `127`},
		{"int8", `"-0x80"`, `-128`},
		{"uint8", `"\u0031"`, `1`},
		{"uint8", `"abc"`, `value "abc" is not an unsigned integer`},
		{"int8", `"abc"`, `value "abc" is not an integer`},
		{"uint8", `"1e1"`, `value "1e1" is not an unsigned integer`},
		{"uint8", `" 1"`, `value " 1" is not an unsigned integer`},
		{"uint8", `"+1"`, `value "+1" is not an unsigned integer`},
		{"uint8", `"1_0"`, `value "1_0" is not an unsigned integer`},
		{"uint8", `""`, `value "" is not an unsigned integer`},
		{"uint8", `"***"`, `value "***" is not an unsigned integer`},
		{"uint8", `true`, `1`},
		{"int64", `false`, `0`},
		{"uint8", `null`, `0`},
		{"uint8", `[1]`, `value [1] is an array, the field is uint; it takes {"hex":"…"}`},
		{"uint8", `{"x":1}`, `value {"x":1} is an object, the field is uint; it takes {"hex":"…"}`},
		{"uint8", `{}`, `value {} is an object, the field is uint; it takes {"hex":"…"}`},
		{"uint16", `{"hex":"0102"}`, `513`},
		{"uint16", `{"hex":"FF"}`, `255`},
		{"uint16", `{"hex":""}`, `0`},
		{"uint16", ` { "\u0068ex" : "\u0030102" } `, `513`},
		{"uint16", `{"hex":"010203"}`, `value of 3 bytes is too long, the field has 2 bytes`},
		{"uint16", `{"hex":"01020"}`, `value "01020" is not an even number of hexadecimal digits`},
		{"uint16", `{"hex":"0g"}`, `value "0g" is not an even number of hexadecimal digits`},
		{"uint16", `{"hex":12}`, `value {"hex":12} is an object, the field is uint; it takes {"hex":"…"}`},
		{"uint16", `{"hex":"01","x":1}`, `value {"hex":"01","x":1} is an object, the field is uint; it takes {"hex":"…"}`},

		{"string:8", `"seven77"`, `"seven77"`},
		{"string:8", `""`, `""`},
		{"string:8", `"eight888"`, `value "eight888" is too long, the field holds 7 bytes`},
		{"string:8", `"` + long + `"`, `value "` + long[:64] + `"… (70 bytes) is too long, the field holds 7 bytes`},
		{"string:8", `"a\u0000b"`, `value "a\x00b" has a zero byte, which ends a string`},
		{"string:8", `"\"\\\/\t"`, `"\"\\/\t"`},
		{"string:8", `"\ud83d\ude00ä"`, `"😀ä"`},
		{"string:8", `12`, `value 12 is a number, the field is string`},
		{"string:8", `1.5`, `value 1.5 is a number, the field is string`},
		{"string:8", `true`, `value true is a boolean, the field is string`},
		{"string:8", `null`, `""`},
		{"string:8", `["a"]`, `value ["a"] is an array, the field is string; it takes {"hex":"…"}`},
		{"string:8", `{"hex":"ff41"}`, `{"hex":"ff41"}`},
		{"string:4", `{"hex":"41424344"}`, `"ABCD"`},
		{"string:8", `"hex:00"`, `"hex:00"`},
		{"string:32", `"***"`, `"***"`}, // the field is no secret
		{"string:32", `"rtmp://user:***@host/app"`, `value "rtmp://user:***@host/app" is hidden: dump it with --show-secrets, or pass --show-secrets to store *** as it is`},
		{"string:32", `"rtmp://***@host/app"`, `"rtmp://***@host/app"`},
		{"string:32", `"https://h/x?tkn=***&y=1"`, `value "https://h/x?tkn=***&y=1" is hidden: dump it with --show-secrets, or pass --show-secrets to store *** as it is`},
		{"string:32", `"rtmp://h/live/***"`, `value "rtmp://h/live/***" is hidden: dump it with --show-secrets, or pass --show-secrets to store *** as it is`},
		{"string:32", `"**"`, `"**"`},
		{"string:32", `"****"`, `"****"`},
		{"string:32", `"a***"`, `"a***"`},
		{"string:32", `"*** a ***"`, `"*** a ***"`},
		{"string:32", `"a*b /***b ****/***/"`, `"a*b /***b ****/***/"`},

		{"raw:4", `{"hex":"0102"}`, `{"hex":"01020000"}`},
		{"raw:4", `"hex:0102"`, `{"hex":"01020000"}`},
		{"raw:4", `""`, `{"hex":"00000000"}`},
		{"raw:4", `"hex:0102030405"`, `value of 5 bytes is too long, the field has 4 bytes`},
		{"raw:4", `"hex:012"`, `value "012" is not an even number of hexadecimal digits`},
		{"raw:4", `"abcd"`, `value "abcd" is not hex: and digits`},
		{"raw:4", `1`, `value 1 is a number, the field is raw`},
		{"raw:4", `false`, `value false is a boolean, the field is raw`},
		{"raw:4", `null`, `{"hex":"00000000"}`},
		{"dtsc:8", `{"hex":"e1"}`, `{"hex":"e100000000000000"}`},
		{"dtsc:8", `{"hex":"e0000"}`, `value "e0000" is not an even number of hexadecimal digits`},
		{"dtsc:8", `{"x":1}`, `value of 16 bytes when packed is too long, the field has 8 bytes`},
		{"dtsc:16", `{"x":1}`, `{"x":1}`},
		{"dtsc:40", `{"b":[true,null],"a":1.5}`, `{"a":1.5,"b":[1,null]}`},
		{"dtsc:24", `{"a":{"double":1.273197475e-314,"hex":"000000009999999a"}}`, `{"a":{"double":1.273197475e-314,"hex":"000000009999999a"}}`},
		{"dtsc:11", `"hex:00"`, `"hex:00"`},
		{"dtsc:9", `7`, `7`},
		{"dtsc:9", `9223372036854775808`, `value 9223372036854775808 cannot be packed: byte 0: number is out of the range of 64 bits with a sign: 9223372036854775808`},
		{"dtsc:8", `null`, `null`},
		{"dtsc:8", `[]`, `[]`},
		{"dtsc:99", `{"a":"rtmp://u:***@h"}`, `value {"a":"rtmp://u:***@h"} is hidden: dump it with --show-secrets, or pass --show-secrets to store *** as it is`},
		{"dtsc:99", `{"passphrase":"***"}`, `value {"passphrase":"***"} is hidden: dump it with --show-secrets, or pass --show-secrets to store *** as it is`},
		{"dtsc:99", `{"a":"of ***"}`, `{"a":"of ***"}`},
		{"dtsc:99", `{"a":"***"}`, `{"a":"***"}`},
		{"dtsc:99", `"***"`, `"***"`},
		{"raw:40", `{"hex":"783a2f2f753a2a2a2a4068"}`, `value "x://u:***@h" is hidden: dump it with --show-secrets, or pass --show-secrets to store *** as it is`},
		{"raw:4", `{"hex":"2a2a2a"}`, `{"hex":"2a2a2a00"}`},
		{"nested:40", `7`, `value 7 is a number, the field is nested`},
		{"nested:40", `"x"`, `value "x" is a string, the field is nested; it takes {"hex":"…"}`},
		{"nested:40", `true`, `value true is a boolean, the field is nested`},
	} {
		t.Run(c.field+" "+c.value, func(t *testing.T) {
			want := `{"f":` + c.want + `}`
			if strings.HasPrefix(c.want, "value ") {
				want = `line 1: field "f": ` + c.want
			}
			decodeCase{schema: "f:" + c.field, format: "ndjson", input: `{"f":` + c.value + `}`, want: []string{want}}.check(t)
		})
	}
}

func TestDecodeCells(t *testing.T) {
	const as = "a:int8 s:string:16 r:raw:2"
	for _, c := range []decodeCase{
		{"cells", as, "csv", "s,a\nx,1\n\n,-2\ny,\n", []string{
			`{"a":1,"s":"x","r":{"hex":"0000"}}`, `{"a":-2,"s":"","r":{"hex":"0000"}}`, `{"a":0,"s":"y","r":{"hex":"0000"}}`,
		}},
		{"columns passed over", as, "csv", "#,a,#decoded,#\n1,0x7f,\"x,y\",z\n", []string{`{"a":127,"s":"","r":{"hex":"0000"}}`}},
		{"raw", as, "csv", "r\nhex:01\nhex:0102\nhex:010203\n01\n", []string{
			`{"a":0,"s":"","r":{"hex":"0100"}}`, `{"a":0,"s":"","r":{"hex":"0102"}}`,
			`line 4: field "r": value of 3 bytes is too long, the field has 2 bytes`, `line 5: field "r": value "01" is not hex: and digits`,
		}},
		{"quotes", "s:string:16", "csv", "\"s\"\r\n\"a,b\"\r\n\"say \"\"x\"\"\"\r\n\"\"\"\"\r\n\" c \"\r\n d \r\n", []string{
			`{"s":"a,b"}`, `{"s":"say \"x\""}`, `{"s":"\""}`, `{"s":" c "}`, `{"s":" d "}`,
		}},
		{"newlines in quotes", "s:string:16", "csv", "s\n\"a\nb\"\n\"a\r\nb\"\n\"\n\n\"\"\n\"\n\"a\r\"\n", []string{
			`{"s":"a\nb"}`, `{"s":"a\r\nb"}`, `{"s":"\n\n\"\n"}`, `{"s":"a\r"}`,
		}},
		{"wrong quotes", "s:string:16", "csv", "s\na\"b\n\"a\"b\n\"\"c\nx\n\"d\n", []string{
			`line 2: has a " inside a cell that does not begin with one`, `line 3: has a " inside a cell that is not doubled`,
			`line 4: has a " inside a cell that is not doubled`, `{"s":"x"}`, `line 6: has a cell that no quote closes`,
		}},
		{"no UTF-8", "s:string:16", "csv", "s\n\xff\n", []string{`{"s":{"hex":"ff"}}`}},
		{"cell count", "a:uint8 b:uint8", "csv", "a,b\n1\n1,2,3\n1,\n\"1\",\"2\",\"3\"\n", []string{
			"line 2: cell count is 1, the heading's is 2", "line 3: cell count is 3, the heading's is 2", `{"a":1,"b":0}`, "line 5: cell count is 3, the heading's is 2",
		}},
		{"values", as, "csv", "a,s\n128,x\nabc,x\n1,this is too long\n1,***\n1e1,\n 1,\n", []string{
			`line 2: field "a": value 128 is out of range, -128 to 127`, `line 3: field "a": value "abc" is not an integer`,
			`line 4: field "s": value "this is too long" is too long, the field holds 15 bytes`,
			`{"a":1,"s":"***","r":{"hex":"0000"}}`,
			`line 6: field "a": value "1e1" is not an integer`, `line 7: field "a": value " 1" is not an integer`,
		}},
		{"unknown column", as, "csv", "a,t\n1,2\n", []string{`line 1: unknown field "t"`}},
		{"blank in a heading", "time:uint8 size:uint8", "csv", "time, size\n1,2\n", []string{`line 1: unknown field " size", did you mean "size"?`}},
		{"column without a name", as, "csv", "a,\n1,2\n", []string{`line 1: unknown field ""`}},
		{"column twice", as, "csv", "a,s,a\n1,2,3\n", []string{`line 1: field "a" is there twice`}},
		{"open heading", as, "csv", "\"a\n1\n", []string{`line 1: has a cell that no quote closes`}},
		{"too many columns", as, "csv", strings.Repeat(",", 1<<16) + "\n", []string{"line 1: names 65537 columns, a page has no more than 65536"}},
		{"dtsc", "d:dtsc:4", "csv", "d\nhex:e1\n{}\nx\n", []string{`{"d":{"hex":"e1000000"}}`, `{"d":{}}`, `line 4: field "d": value x cannot be packed: byte 0: not JSON: invalid character 'x' looking for beginning of value`}},

		{"tsv", as, "tsv", "s\ta\r\nx\t1\r\n\r\n\t-2\n\"y\"\t", []string{
			`{"a":1,"s":"x","r":{"hex":"0000"}}`, `{"a":-2,"s":"","r":{"hex":"0000"}}`, `{"a":0,"s":"\"y\"","r":{"hex":"0000"}}`,
		}},
		{"tsv escapes", "s:string:16 a:uint8", "tsv", "s\ta\n\\ta\\n\\r\\\\\t1\na,b\t2\n\\\\n\\\\\t\n", []string{
			`{"s":"\ta\n\r\\","a":1}`, `{"s":"a,b","a":2}`, `{"s":"\\n\\","a":0}`,
		}},
		{"tsv wrong escapes", "s:string:16 a:uint8", "tsv", "s\ta\n\\x\t1\na\\\t1\n\\\x00\t2\nb\t2\n", []string{
			`line 2: has a \ that is none of \t \n \r \\`, `line 3: has a \ that is none of \t \n \r \\`, `line 4: has a \ that is none of \t \n \r \\`, `{"s":"b","a":2}`,
		}},
		{"tsv heading", "\"a\\tb\":uint8 s:string:8", "tsv", "a\\tb\n1\n", []string{`{"a\tb":1,"s":""}`}},
		{"tsv cell count", "a:uint8 b:uint8", "tsv", "a\tb\n1\n1\t2\t3\n", []string{"line 2: cell count is 1, the heading's is 2", "line 3: cell count is 3, the heading's is 2"}},
	} {
		t.Run(c.name, c.check)
	}
}
