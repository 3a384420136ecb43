package out

import (
	"os"
	"path/filepath"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/plot"
	"shmtool/cmd/shmtool/internal/world"
)

// CheckPicture refuses the name of a picture whose format nothing says.
func CheckPicture(name string) error {
	if ext := pictureKind(name); name != "" && ext != ".svg" && ext != ".png" {
		return fail.Invalid("--plot", name, "the name of a file that ends in .svg or .png")
	}
	return nil
}

func pictureKind(name string) string { return strings.ToLower(filepath.Ext(name)) }

// Picture writes a chart to a file, which is replaced in a single step, as an SVG or a PNG.
func Picture(w *world.World, name string, c *plot.Chart) error {
	return WriteFile(w, name, readableByAll, func(to *os.File) error {
		if pictureKind(name) == ".png" {
			return c.PNG(to)
		}
		return c.SVG(to)
	})
}
