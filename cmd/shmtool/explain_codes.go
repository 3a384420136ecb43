package main

import "shmtool/layout"

// objectCodes are what check tells of MistServer's objects, beside what it tells
// of every page: mist.CheckCodes, once that is merged; then this table goes.
var objectCodes = []layout.FindingCode{
	{"invalid_object", layout.Error, "the object is not what its name says"},
	{"track_list_overflow", layout.Error, "the track list holds more tracks than it has slots: two share one"},
	{"key_number_mismatch", layout.Warning, "a key's number is not that of its record"},
	{"key_parts_mismatch", layout.Warning, "the keys' parts do not add up to those of the track"},
	{"firstms_mismatch", layout.Warning, "firstms is not the time of the first key"},
	{"fragment_keys_mismatch", layout.Warning, "the fragments do not add up to the keys"},
	{"page_keys_mismatch", layout.Warning, "the data pages do not cover the keys"},
	{"avail_over_size", layout.Warning, "more bytes are published than the data page has"},
	{"track_name_odd", layout.Warning, "a track in use names a page that is not its own"},
	{"track_page_shared", layout.Warning, "two tracks in use name one page"},
	{"track_type_empty", layout.Note, "a track in use says neither video nor audio: nobody plays it"},
	{"data_packet_broken", layout.Warning, "a packet in a data page is not whole: readers stop there"},
	{"data_avail_mismatch", layout.Warning, "the packets of a data page do not end where avail says"},
	{"data_page_missing", layout.Warning, "a data page that is published is not there"},
	{"data_stale_bytes", layout.Warning, "packets of an earlier stream lie behind those of this one"},
	{"state_unknown", layout.Warning, "the state is none that MistServer has"},
	{"semaphore_double_post", layout.Warning, "the lock was given back twice: two processes can hold it at a time"},
	{"push_list_broken", layout.Warning, "the list of pushes is not whole: a controller that starts loses some"},
	{"object_size_odd", layout.Note, "the object has another size than MistServer gives it"},
	{"pid_unset", layout.Note, "no process is named"},
}
