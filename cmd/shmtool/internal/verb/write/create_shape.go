package write

import (
	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout"
	"shmtool/relaccx"
)

// shapeOf returns the fields and the record count that the flags of create ask for.
func shapeOf(c *cli.Call) (layout.Shape, error) {
	var shape layout.Shape
	given := c.Given("field", "schema", "like")
	if len(given) != 1 {
		return shape, fail.ExactlyOne("--field", "--schema", "--like")
	}
	var err error
	switch given[0] {
	case "like":
		shape, err = shapeLike(c.World, c.String("like"))
	case "schema":
		shape.Schema, err = readSchema(c.World, c.String("schema"))
	default:
		shape.Schema, err = schemaOf(c.Strings("field"))
	}
	if err != nil {
		return shape, err
	}
	count, err := recordCount(c)
	if count > 0 {
		shape.RecordCount = count
	}
	if err == nil && shape.RecordCount == 0 {
		err = fail.Required("--records N")
	}
	return shape, err
}

// schemaOf returns the schema that the values of --field describe.
func schemaOf(texts []string) (*layout.Schema, error) {
	fields, err := parseFields(texts)
	if err != nil {
		return nil, err
	}
	s, err := layout.NewSchema(fields...)
	return s, fail.As(fail.Usage, err)
}

// shapeLike returns the shape of another page.
func shapeLike(w *world.World, arg string) (layout.Shape, error) {
	t, err := object.Address(w, arg)
	if err != nil {
		return layout.Shape{}, err
	}
	r, done, err := object.Read(w, t)
	if err != nil {
		return layout.Shape{}, err
	}
	defer done()
	shape, err := r.Shape()
	return shape, fail.OnPage(arg, err)
}

// sizeOf returns the value of --size, 0 when it was not given. It refuses a page that
// is larger than any file.
func sizeOf(c *cli.Call, shape layout.Shape) (int64, error) {
	if shape.Size() > relaccx.MaxPageSize {
		return 0, fail.Usagef("%d records of %d bytes are more than a file can hold", shape.RecordCount, shape.Schema.RecordSize())
	}
	if !c.IsSet("size") {
		return 0, nil
	}
	size, err := layout.ParseSize(c.String("size"))
	switch {
	case err != nil:
		return 0, fail.Usagef("--%w", err)
	case size > relaccx.MaxPageSize:
		return 0, fail.Usagef("--size %d is more than a file can hold", size)
	case size < shape.Size():
		return 0, fail.Usagef("--size %d is less than the %d bytes that fields and records take", size, shape.Size())
	}
	return int64(size), nil
}
