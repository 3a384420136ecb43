package mist

// The meanings of the fields of MstCameras, the list of cameras that a fork has found.
// Its record count is how many cameras fit; its endpos is how many there are.

var camerasFields = meanings{
	"id":            {About: "the camera's id"},
	"name":          {About: "the camera's name"},
	"status":        {About: "what is known of it"},
	"host":          {About: "where it is"},
	"protocol":      {About: "how it was found"},
	"webControlUrl": {Minor: true, Secret: SecretTargets, About: "its web page"},
	"serialNumber":  {Minor: true, About: "its serial number"},
}

var cameraProtocolsFields = meanings{
	"type":     {About: "the protocol"},
	"username": {Minor: true, About: "who logs in"},
	"password": hidden.about("his password; the fork leaves it empty"),
}

var cameraStreamsFields = meanings{
	"uri": {Secret: SecretTargets, About: "where its stream is"},
}
