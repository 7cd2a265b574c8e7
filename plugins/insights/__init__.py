"""Metrics of the flow of issues, each number of which can be opened and rewound."""
