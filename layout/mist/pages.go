package mist

// pages are what is known of each kind of page, the pages nested in it among
// that. Each knows its kind and path.
var pages = linked(pageTables)

type meanings = map[string]Meaning

func linked(tables map[Kind]*PageInfo) map[Kind]*PageInfo {
	for kind, p := range tables {
		p.link(kind, "")
	}
	return tables
}

func (p *PageInfo) link(kind Kind, path string) {
	p.Kind, p.Path = kind, path
	for field, nested := range p.nested {
		nested.link(kind, field)
	}
}

// with returns all of several tables; where a name is in more than one, the last counts.
func with(tables ...meanings) meanings {
	all := meanings{}
	for _, table := range tables {
		for name, m := range table {
			all[name] = m
		}
	}
	return all
}

// config returns a page of one packed value.
func config(about string, secret Secrecy) *PageInfo {
	return &PageInfo{Rule: RuleSingle, fields: meanings{"dtsc_data": {Secret: secret, About: about}}}
}

func ring(fields meanings) *PageInfo {
	return &PageInfo{Rule: RuleRing, CountersKept: true, fields: fields}
}

// revised returns a ring whose newest record MistServer goes on changing, in these
// fields, until it publishes the next one.
func revised(fields meanings, names ...string) *PageInfo {
	p := ring(fields)
	p.Revised = names
	return p
}

func (p *PageInfo) behind(n uint64) *PageInfo {
	p.Behind = n
	return p
}

var pageTables = map[Kind]*PageInfo{
	KindMeta: {Rule: RuleSingle, fields: metaFields, nested: map[string]*PageInfo{
		"tracks": {Rule: RulePresent, Marker: "valid", fields: tracksFields},
	}},
	KindTrack: {Rule: RuleSingle, fields: trackFields, nested: map[string]*PageInfo{
		"parts":     revised(partsFields, "duration"),
		"keys":      revised(keysFields, "duration", "parts", "size").behind(1),
		"fragments": revised(fragmentsFields, "duration", "keys", "size").behind(1),
		"pages":     revised(pagesFields, "keycount", "parts", "size", "avail", "lastkeytime"),
		"frames":    ring(framesFields),
	}},
	KindUsers:      {Rule: RuleComms, Marker: "status", fields: usersFields},
	KindSession:    {Rule: RuleComms, Marker: "status", fields: sessionFields},
	KindStatistics: {Rule: RuleComms, Marker: "status", fields: statisticsFields},
	KindConfig:     config("the stream's settings", SecretTargets),
	KindCapability: config("what the server can do", SecretNever),
	KindProtocols:  config("the protocols that are on", SecretTargets),
	KindProxies:    {Rule: RuleSingle, fields: meanings{"proxy_data": {About: "addresses that may say for whom they ask; no zero byte ends it"}}},
	KindGlobal:     {Rule: RuleSingle, fields: globalFields},
	KindLogs:       {Rule: RuleRing, CountersKept: true, fields: logsFields},
	KindAccess:     {Rule: RuleRing, fields: accessFields},
	KindStreams:    {Rule: RuleRing, fields: streamsFields},
	KindKeys:       {Rule: RuleList, fields: keyListFields},
	KindTriggers:   {Rule: RuleSlots, fields: triggersFields},
	KindJWK:        {Rule: RuleList, fields: jwkFields},
	KindVariables:  {Rule: RuleList, fields: variablesFields},
	KindWriters:    {Rule: RuleList, fields: writersFields},
	KindConnectors: {Rule: RuleSlots, fields: connectorsFields},
	KindCameras: {Rule: RuleList, fields: camerasFields, nested: map[string]*PageInfo{
		"protocols": {Rule: RuleList, fields: cameraProtocolsFields},
		"streams":   {Rule: RuleList, fields: cameraStreamsFields},
	}},
	KindUDPProxy: {Rule: RuleSingle, fields: udpProxyFields},
}
