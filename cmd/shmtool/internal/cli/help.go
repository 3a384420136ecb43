package cli

const appHelp = `{{.Name}}: {{.Usage}}

USAGE:
  {{.UsageText}}

COMMANDS:
{{range .VisibleCommands}}  {{printf "%-12s" .Name}}{{.Usage}}
{{end}}
Each command's --help ends with examples. Flags may stand before or after the
page. A PAGE is a name in /dev/shm, a path with a slash or a leading dot, or -
for standard input; PAGE:FIELD[@REC] is a page nested in it. macOS, FreeBSD and
Windows have no such memory: there, shmtool looks at snapshots and page files.

FLAGS:
{{range .VisibleFlags}}  {{.}}
{{end}}
EXIT CODES:
  0 done  1 findings  2 usage or wrong input  3 no such page, record or field
  4 not a valid page  5 refused because of the page's state  6 timeout
  7 no permission  8 done, but with loss  70 anything unforeseen
`

const commandHelp = `{{.HelpName}}: {{.Usage}}

USAGE:
  {{.UsageText}}

{{.Description}}

FLAGS:
{{range .VisibleFlags}}  {{.}}
{{end}}`
