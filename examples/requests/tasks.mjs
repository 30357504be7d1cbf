/** Asks a service, and gives up when the call is cancelled or takes too long. */
export async function status(url, { signal }) {
  const response = await fetch(url, { signal });
  await response.text();
  return response.status;
}
