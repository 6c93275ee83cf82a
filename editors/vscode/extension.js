// Starts `portunus lsp` for spec files; everything else is the server's.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function activate() {
  const command = workspace.getConfiguration("portunus").get("command");
  client = new LanguageClient(
    "portunus",
    "Portunus",
    { command, args: ["lsp"] },
    { documentSelector: [{ language: "portunus" }], synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.spec") } },
  );
  return client.start();
}

function deactivate() {
  return client ? client.stop() : undefined;
}

module.exports = { activate, deactivate };
