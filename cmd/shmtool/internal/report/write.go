package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"

	"shmtool/cmd/shmtool/internal/plot"
)

//go:embed page.html
var pageText string

//go:embed style.css
var styleText string

// filled is a view with the head of the page.
type filled struct {
	*view
	Head template.HTML
}

// Write writes a report as one HTML file.
func Write(w io.Writer, in Input) error {
	page, err := template.New("page").Parse(pageText)
	if err != nil {
		return err
	}
	var b bytes.Buffer // nothing is written unless all of it is there
	if err := page.Execute(&b, filled{in.view(), head()}); err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

// head returns the style of the page, and a policy that lets a browser use nothing else.
func head() template.HTML {
	style := "\n" + styleText + plot.CSS()
	return template.HTML(`<meta http-equiv="Content-Security-Policy" content="` + Policy(style) + `">` + "\n<style>" + style + "</style>")
}

// Policy returns the Content-Security-Policy of a page with that style.
func Policy(style string) string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}
