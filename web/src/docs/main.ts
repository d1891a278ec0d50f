// The reference of the REST API, read from the document that this server serves.
import "swagger-ui-dist/swagger-ui.css";
import "./docs.css";
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

SwaggerUI({
  url: document.querySelector<HTMLMetaElement>('meta[name="document"]')?.content ?? "/openapi.json",
  domNode: document.getElementById("reference"),
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  // Documents are not sent to anybody to be judged.
  validatorUrl: null,
});
