import express from "express";

const app = express();
const port = 3000;

app.get("/", (_req, res) => {
  res.send("Hello World!");
});

app.post("/notes", express.json(), (req, res) => {
  res.status(201).json({ got: req.body, from: req.ip });
});

app.listen(port, () => {
  console.log(`Example app listening on port ${port}`);
});
