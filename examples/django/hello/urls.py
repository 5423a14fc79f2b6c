from django.urls import path

from . import views

urlpatterns = [
    path("say/", views.say),
    path("greet/", views.greet),
    path("upload/", views.upload),
    path("count/<int:lines>/", views.count),
]
