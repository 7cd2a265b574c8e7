"""HTTP: pydantic models on flask-smorest views, problems, pages, the document, health, logs.

The only package that knows marshmallow, webargs, apispec and flask_smorest.
"""
