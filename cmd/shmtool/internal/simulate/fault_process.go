package simulate

// processFaults are those of processes, locks and state.
var processFaults = []fault{}
