package mist

import "bytes"

// pushMessage begins what MistOutRTMP logs when it starts a push. The message names the
// stream key without a URL around it:
//
//	About to push stream NAME out. Host: HOST, port: PORT, app: APP, stream: KEY
const pushMessage = "About to push stream "

const pushApplication, pushStream = ", app: ", ", stream: "

// messages hides the stream keys in messages about pushes: KEY, and of APP what a URL
// with the same path would hide.
func (f *finder) messages() {
	for at := 0; ; {
		i := bytes.Index(f.text[at:], []byte(pushMessage))
		if i < 0 {
			return
		}
		at += i + len(pushMessage)
		end := f.textEnd(at)
		if i = bytes.Index(f.text[at:end], []byte(pushApplication)); i < 0 {
			continue
		}
		app := at + i + len(pushApplication)
		if i = bytes.Index(f.text[app:end], []byte(pushStream)); i < 0 {
			f.hide(app, end) // the message is cut off
			return
		}
		f.hide(app+applicationSize(f.text[app:app+i]), app+i)
		f.hide(app+i+len(pushStream), end)
		at = end
	}
}

// textEnd returns where a message ends: at the first control character.
func (f *finder) textEnd(from int) int {
	for i, c := range f.text[from:] {
		if c < ' ' {
			return from + i
		}
	}
	return len(f.text)
}

// applicationSize returns how much of an application's name may be shown: its first part,
// with the slash, if that is a common one.
func applicationSize(app []byte) int {
	first, _, more := bytes.Cut(app, []byte("/"))
	if _, common := applications[string(bytes.ToLower(first))]; !common {
		return 0
	}
	if more {
		return len(first) + 1
	}
	return len(first)
}
