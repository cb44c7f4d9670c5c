// A click on a field marks the lines it was read from, and brings the first of them into view.
let pressed = null

function release() {
  for (const line of document.querySelectorAll('.marked')) line.classList.remove('marked')
  pressed?.setAttribute('aria-pressed', 'false')
  pressed = null
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-at]')
  if (!button) return
  const again = button === pressed
  release()
  if (again) return
  pressed = button
  button.setAttribute('aria-pressed', 'true')
  const lines = button.dataset.at.split(' ').flatMap((id) => document.getElementById(id) ?? [])
  for (const line of lines) line.classList.add('marked')
  lines[0]?.scrollIntoView({ block: 'center', behavior: 'smooth' })
})
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') release()
})
