"""Its being here makes the helper modules beside it importable from every test."""
